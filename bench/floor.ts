import pg from 'pg';
import type { BenchDatabase } from './benchDatabase.js';
import { latencyFigures } from './measure/latencies.js';

const peer = '11111111-1111-4111-8111-111111111111';
const coordinator = '22222222-2222-4222-8222-222222222222';

const write = {
  name: 'floor_write',
  text: `
    WITH written AS (
      INSERT INTO tailnet_peers (id, coordinator_id, updated_at, node, status) VALUES ($1, $2, now(), $3, 'ok')
      ON CONFLICT (id, coordinator_id) DO UPDATE SET updated_at = now(), node = excluded.node
      RETURNING id
    )
    SELECT pg_notify('floor', id::text) FROM written`,
};
const read = { name: 'floor_read', text: 'SELECT node FROM tailnet_peers WHERE id = $1' };

/**
 * What this PostgreSQL needs at least for one update, whoever asks: one write that notifies, the notification on another
 * connection, one read there. Bare `pg`, no coordinator.
 */
export const floor = async (database: BenchDatabase, rounds: number) => {
  const [writer, listener, reader] = [1, 2, 3].map(() => new pg.Client({ connectionString: database.url }));
  if (writer === undefined || listener === undefined || reader === undefined)
    throw new Error('three clients are needed');
  const clients = [writer, listener, reader];
  await Promise.all(clients.map((client) => client.connect()));
  await listener.query('LISTEN floor');
  await writer.query('INSERT INTO tailnet_coordinators (id, heartbeat_at) VALUES ($1, now())', [coordinator]);
  let heard: () => void = () => undefined;
  listener.on('notification', () => {
    heard();
  });

  const node = Buffer.alloc(440, 7);
  const latencies: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    const notified = new Promise<void>((resolve) => (heard = resolve));
    const written = writer.query({ ...write, values: [peer, coordinator, node] });
    await notified;
    await reader.query({ ...read, values: [peer] });
    latencies.push(performance.now() - start);
    await written;
  }
  await Promise.all(clients.map((client) => client.end()));
  return latencyFigures(latencies);
};
