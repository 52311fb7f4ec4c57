import type { Coordinator } from 'tailnet-coordinator';
import type { Bench } from '../bench.js';
import type { Workload } from '../command.js';
import { latencyMetrics } from '../measure/latencyMetrics.js';
import { pause } from '../measure/pause.js';
import type { BenchPeer } from '../peers/benchPeer.js';
import { expectNodes, missingNodes } from './expectNodes.js';

/** Milliseconds after which an update counts as lost. */
const patience = 30_000;

export const w3Hub: Workload = {
  kind: 'workload',
  takesBus: true,
  description: 'a hub with many clients: they join, the hub updates, single clients update',
  numbers: { clients: 1000, rounds: 20, updates: 200 },
  run: async (bench) => {
    const coordinators = await bench.startTwoCoordinators();
    const hub = bench.createPeer(0);
    const clients = bench.createPeers(1, bench.numbers['clients'] ?? 0);
    bench.progress(`${clients.length} clients join`);
    const a_join = await join(bench, hub, clients, coordinators);
    await pause(3);
    bench.progress('the hub updates');
    const b_hub_update = await hubUpdates(bench, hub, clients);
    await pause(2);
    bench.progress('clients update');
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
  const end = await bench.database.costs.start();
  const start = performance.now();
  hub.connect(first);
  hub.update(1);
  for (const client of clients) {
    client.connect(client.number % 2 === 1 ? second : first);
    client.update(1);
    client.addTunnel(hub.number);
  }
  const requestsSent = performance.now();
  const couples = clients.map((client) => [client, hub] as const);
  const converged = await expectNodes(bench.peers, couples, 420_000).reached;
  const cost = await end();
  return {
    converged: converged !== undefined,
    join_s: ((converged ?? performance.now()) - start) / 1000,
    requests_sent_s: (requestsSent - start) / 1000,
    missing: missingNodes(couples),
    cost,
    peer_updates_received: cost.peer_updates_received,
  };
};

const hubUpdates = async (bench: Bench, hub: BenchPeer, clients: readonly BenchPeer[]) => {
  const latencies: number[] = [];
  let lost = 0;
  const end = await bench.database.costs.start();
  const { rounds = 0 } = bench.numbers;
  for (let version = 2; version < 2 + rounds; version++) {
    const everybody = bench.peers.watchdog.expect(clients.length, patience);
    for (const client of clients) client.whenHas(hub.number, version, everybody);
    const sentAt = hub.update(version);
    const lastAt = await everybody.reached;
    if (lastAt === undefined) lost++;
    else latencies.push(lastAt - sentAt);
  }
  const cost = await end();
  return { ...latencyMetrics(latencies), cost, lost, peer_updates_received: cost.peer_updates_received };
};

const clientUpdates = async (bench: Bench, hub: BenchPeer, clients: readonly BenchPeer[]) => {
  const latencies: number[] = [];
  const { updates = 0 } = bench.numbers;
  const end = await bench.database.costs.start();
  for (let k = 0; k < updates; k++) {
    const client = clients[k % clients.length];
    if (client === undefined) break;
    const seen = hub.eventuallyHas(client.number, client.version + 1, patience);
    const sentAt = client.update();
    const seenAt = await seen;
    if (seenAt !== undefined) latencies.push(seenAt - sentAt);
  }
  const cost = await end();
  return {
    ...latencyMetrics(latencies),
    cost,
    lost: updates - latencies.length,
    peer_updates_received: cost.peer_updates_received,
  };
};
