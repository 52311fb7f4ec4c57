import type { Workload } from '../command.js';
import { connect } from '../database/connect.js';
import { latencyMetrics } from '../measure/latencyMetrics.js';

const coordinator = '22222222-2222-4222-8222-222222222222';
const node = Buffer.alloc(440, 7);

const uuidOf = (peer: number): string => `11111111-1111-4111-8111-${peer.toString(16).padStart(12, '0')}`;

const write = {
  name: 'floor_write',
  text: `
    WITH written AS (
      INSERT INTO tailnet_peers (id, coordinator_id, updated_at, node, status)
      SELECT id, $2, now(), node, 'ok' FROM unnest($1::uuid[], $3::bytea[]) AS given (id, node)
      ON CONFLICT (id, coordinator_id) DO UPDATE SET updated_at = excluded.updated_at, node = excluded.node
      RETURNING id
    )
    SELECT pg_notify('floor', id::text) FROM written`,
};
const read = { name: 'floor_read', text: 'SELECT id, node FROM tailnet_peers WHERE id = ANY ($1::uuid[])' };

/**
 * What this PostgreSQL needs at least for updates, whoever asks: a batched write that notifies, the notifications on
 * other connections, a batched read. Bare `pg`, no coordinator. Latency with one row and one listener; throughput with
 * many rows and two listeners. One batch at a time.
 */
export const floor: Workload = {
  kind: 'workload',
  description: 'what the database needs at least: batched writes that notify, the notifications, batched reads',
  numbers: { updates: 500, rows: 100, seconds: 5 },
  run: async ({ database, numbers, ...bench }) => {
    const { updates = 0, rows = 0, seconds = 0 } = numbers;
    const [writer, reader, first, second] = await Promise.all([
      connect(database.url),
      connect(database.url),
      connect(database.url),
      connect(database.url),
    ]);
    let awaited = 0;
    let heard: (at: number) => void = () => undefined;
    for (const listener of [first, second]) {
      listener.on('notification', () => {
        awaited--;
        if (awaited === 0) heard(performance.now());
      });
    }
    await writer.query('INSERT INTO tailnet_coordinators (id, heartbeat_at) VALUES ($1, now())', [coordinator]);

    const round = async (count: number, listeners: number): Promise<number> => {
      const ids = Array.from({ length: count }, (_, index) => uuidOf(index));
      const nodes = ids.map(() => node);
      awaited = count * listeners;
      const start = performance.now();
      const delivered = new Promise<number>((resolve) => (heard = resolve));
      const written = writer.query({ ...write, values: [ids, coordinator, nodes] });
      await delivered;
      await reader.query({ ...read, values: [ids] });
      const end = performance.now();
      await written;
      return end - start;
    };

    bench.progress(`${updates} single updates`);
    await first.query('LISTEN floor');
    const latencies: number[] = [];
    const endOfLatency = await database.costs.start();
    for (let k = 0; k < updates; k++) latencies.push(await round(1, 1));
    const cost = await endOfLatency();

    bench.progress(`${seconds} s of batches of ${rows}`);
    await second.query('LISTEN floor');
    const batches: number[] = [];
    const endOfThroughput = await database.costs.start();
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until) batches.push(await round(rows, 2));
    const costOfBatches = await endOfThroughput();

    await Promise.all([writer, reader, first, second].map((client) => client.end()));
    const delivered = batches.length * rows;
    const throughput = {
      ...latencyMetrics(batches),
      cost: costOfBatches,
      updates: delivered,
      updates_per_s: costOfBatches.wall_s > 0 ? Math.round(delivered / costOfBatches.wall_s) : 0,
    };
    return { ...latencyMetrics(latencies), cost, throughput };
  },
};
