import { residentBytes } from '../measure/procStat.js';
import { within } from '../measure/latencies.js';
import { type Workload, pause } from '../workload.js';

const agents = 100;

/** A full collection that gives memory back. Node needs `--expose-gc` for it. */
const collect = (): void => {
  if (globalThis.gc === undefined) throw new Error('start node with --expose-gc');
  globalThis.gc();
  globalThis.gc();
};

export const w6Memory: Workload = {
  description: 'many idle connections at one coordinator: what they cost',
  defaults: { clients: 5000, idle_seconds: 60 },
  run: async (bench) => {
    const { clients: count = 0, idle_seconds = 0 } = bench.params;
    const [coordinator] = await bench.startCoordinators(1);
    if (coordinator === undefined) throw new Error('a coordinator is needed');
    const agentPeers = Array.from({ length: agents }, (_, index) => bench.createPeer(index));
    for (const agent of agentPeers) {
      agent.connect(coordinator);
      agent.update(1);
    }
    await pause(2);
    collect();
    const base = residentBytes();

    const endOfJoin = await bench.database.costs.start();
    const start = performance.now();
    const clients = Array.from({ length: count }, (_, index) => bench.createPeer(agents + index));
    clients.forEach((client, index) => {
      client.connect(coordinator);
      client.update(1);
      client.addTunnel(index % agents);
    });
    bench.progress(`${count} clients join`);
    const converged = await within(
      420_000,
      Promise.all(
        clients.flatMap((client, index) => {
          const agent = agentPeers[index % agents];
          return agent ? [client.eventuallyHas(agent.number, 1), agent.eventuallyHas(client.number, 1)] : [];
        }),
      ),
    );
    const joined = performance.now();
    const join = await endOfJoin();
    await pause(5);

    const beforeCollection = residentBytes();
    collect();
    await pause(1);
    const afterCollection = residentBytes();
    bench.progress(`idle for ${idle_seconds} s`);
    const endOfIdle = await bench.database.costs.start();
    await pause(idle_seconds);
    const idle = await endOfIdle();
    collect();
    await pause(1);
    const afterIdle = residentBytes();
    const perConnection = (bytes: number): number => Math.round((bytes - base) / count);
    return {
      converged: converged !== undefined,
      join_s: (joined - start) / 1000,
      join,
      rss_base_bytes: base,
      rss_before_gc_bytes: beforeCollection,
      rss_after_gc_bytes: afterCollection,
      rss_per_connection_bytes: perConnection(afterCollection),
      rss_per_connection_before_gc_bytes: perConnection(beforeCollection),
      idle_seconds,
      idle,
      rss_after_idle_gc_bytes: afterIdle,
      rss_per_connection_after_idle_bytes: perConnection(afterIdle),
    };
  },
};
