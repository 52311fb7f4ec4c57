import type { Workload } from '../command.js';
import { collectGarbage } from '../measure/collectGarbage.js';
import { pause } from '../measure/pause.js';
import { residentBytes } from '../measure/procStat.js';
import { expectNodes, missingNodes } from './expectNodes.js';

const agentCount = 100;

export const w6Memory: Workload = {
  kind: 'workload',
  description: 'many idle connections at one coordinator: what they cost',
  numbers: { connections: 5000, idle_seconds: 60 },
  aliases: { clients: 'connections' },
  run: async (bench) => {
    const { connections = 0, idle_seconds = 0 } = bench.numbers;
    const coordinator = await bench.startCoordinator();
    await pause(3);
    const agents = bench.createPeers(0, agentCount);
    for (const agent of agents) {
      agent.connect(coordinator);
      agent.update(1);
    }
    await pause(2);
    await collectGarbage();
    const base = residentBytes();

    bench.progress(`${connections} clients join`);
    const endOfJoin = await bench.database.costs.start();
    const start = performance.now();
    const clients = bench.createPeers(agentCount, connections);
    clients.forEach((client, index) => {
      client.connect(coordinator);
      client.update(1);
      client.addTunnel(index % agentCount);
    });
    const couples = clients.flatMap((client, index) => {
      const agent = agents[index % agentCount];
      return agent === undefined ? [] : [[client, agent] as const];
    });
    const converged = await expectNodes(bench.peers, couples, 420_000).reached;
    const join = await endOfJoin();
    const joined = converged ?? performance.now();
    const missing = missingNodes(couples);
    // The list of couples is not part of what connections cost.
    couples.length = 0;
    await pause(5);

    const beforeCollection = residentBytes();
    await collectGarbage();
    const afterCollection = residentBytes();
    bench.progress(`idle for ${idle_seconds} s`);
    const endOfIdle = await bench.database.costs.start();
    await pause(idle_seconds);
    const idle = await endOfIdle();
    await collectGarbage();
    const afterIdle = residentBytes();
    const perConnection = (bytes: number): number => Math.round((bytes - base) / connections);
    return {
      converged: converged !== undefined,
      missing,
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
