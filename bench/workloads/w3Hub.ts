import type { Coordinator } from 'tailnet-coordinator';
import type { BenchPeer } from '../benchPeer.js';
import { latencyFigures, within } from '../measure/latencies.js';
import { type Bench, type Workload, pause } from '../workload.js';

const patience = 30_000;

export const w3Hub: Workload = {
  description: 'a hub with many clients: they join, the hub updates, single clients update',
  defaults: { clients: 1000 },
  run: async (bench) => {
    const [first, second] = await bench.startCoordinators(2);
    if (first === undefined || second === undefined) throw new Error('two coordinators are needed');
    const hub = bench.createPeer(0);
    const clients = Array.from({ length: bench.params['clients'] ?? 0 }, (_, index) => bench.createPeer(index + 1));
    const a_join = await join(bench, hub, clients, [first, second]);
    await pause(3);
    const b_hub_update = await hubUpdates(bench, hub, clients);
    await pause(2);
    const c_client_update = await clientUpdates(bench, hub, clients);
    return { a_join, b_hub_update, c_client_update };
  },
};

const join = async (
  bench: Bench,
  hub: BenchPeer,
  clients: readonly BenchPeer[],
  [first, second]: readonly [Coordinator, Coordinator],
) => {
  const receivedBefore = bench.received();
  const end = await bench.database.costs.start();
  const start = performance.now();
  hub.connect(first);
  hub.update(1);
  for (const client of clients) {
    client.connect(client.number % 2 === 1 ? second : first);
    client.update(1);
    client.addTunnel(0);
  }
  const requestsSent = performance.now();
  bench.progress(`${clients.length} clients join`);
  const seen = clients.flatMap((client) => [client.eventuallyHas(0, 1), hub.eventuallyHas(client.number, 1)]);
  const converged = await within(420_000, Promise.all(seen));
  const joined = performance.now();
  const cost = await end();
  const missing = clients.filter((client) => !client.has(0, 1) || !hub.has(client.number, 1)).length;
  return {
    converged: converged !== undefined,
    join_s: (joined - start) / 1000,
    requests_sent_s: (requestsSent - start) / 1000,
    missing,
    cost,
    peer_updates_received: bench.received() - receivedBefore,
  };
};

const hubUpdates = async (bench: Bench, hub: BenchPeer, clients: readonly BenchPeer[]) => {
  const rounds: number[] = [];
  let lost = 0;
  const receivedBefore = bench.received();
  const end = await bench.database.costs.start();
  for (let version = 2; version <= 21; version++) {
    const seen = Promise.all(clients.map((client) => client.eventuallyHas(0, version)));
    const sentAt = hub.update(version);
    const times = await within(patience, seen);
    if (times === undefined) lost++;
    else rounds.push(times.reduce((latest, at) => Math.max(latest, at), 0) - sentAt);
  }
  const cost = await end();
  return { ...latencyFigures(rounds), cost, lost, peer_updates_received: bench.received() - receivedBefore };
};

const clientUpdates = async (bench: Bench, hub: BenchPeer, clients: readonly BenchPeer[]) => {
  const latencies: number[] = [];
  const updates = 200;
  const receivedBefore = bench.received();
  const end = await bench.database.costs.start();
  for (let k = 0; k < updates; k++) {
    const client = clients[k % clients.length];
    if (client === undefined) break;
    const seen = hub.eventuallyHas(client.number, client.version + 1);
    const sentAt = client.update();
    const seenAt = await within(patience, seen);
    if (seenAt !== undefined) latencies.push(seenAt - sentAt);
  }
  const cost = await end();
  return {
    ...latencyFigures(latencies),
    cost,
    lost: updates - latencies.length,
    peer_updates_received: bench.received() - receivedBefore,
  };
};
