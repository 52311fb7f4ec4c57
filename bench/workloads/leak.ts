import type { Coordinator } from 'tailnet-coordinator';
import type { Bench } from '../bench.js';
import type { Workload } from '../command.js';
import { collectGarbage } from '../measure/collectGarbage.js';
import { heapClasses, largestGrowth } from '../measure/heapClasses.js';
import { pause } from '../measure/pause.js';
import { residentBytes } from '../measure/procStat.js';
import { expectNodes } from './expectNodes.js';

const agentCount = 100;

export const leak: Workload = {
  kind: 'workload',
  description: 'many connections come and go: what they leave behind in memory',
  // The longest that a coordinator remembers anything of a peer that has left is a minute.
  numbers: { connections: 20_000, settle_seconds: 75 },
  run: async (bench) => {
    const { connections = 0, settle_seconds = 0 } = bench.numbers;
    const coordinator = await bench.startCoordinator();
    await pause(3);
    // What is compiled, cached and pooled in the first round is no leak.
    bench.progress('a small round first');
    await comeAndGo(bench, coordinator, Math.ceil(connections / 10));
    const before = await settled(bench, settle_seconds);
    const classesBefore = heapClasses();
    bench.progress(`${connections} connections come and go`);
    const start = performance.now();
    await comeAndGo(bench, coordinator, connections);
    const round_s = (performance.now() - start) / 1000;
    const after = await settled(bench, settle_seconds);
    const growth = after.heap - before.heap;
    return {
      round_s,
      heap_before_bytes: before.heap,
      heap_after_bytes: after.heap,
      heap_growth_bytes: growth,
      heap_growth_per_connection_bytes: Math.round((growth / connections) * 10) / 10,
      external_growth_bytes: after.external - before.external,
      rss_before_bytes: before.rss,
      rss_after_bytes: after.rss,
      grown: largestGrowth(classesBefore, heapClasses(), 10),
    };
  },
};

/**
 * Everybody connects, with a node and a tunnel to one of 100 agents; then half of the connections break, the others say
 * goodbye, and so do the agents. Nobody is left, so nothing has to be remembered for anybody.
 */
const comeAndGo = async (bench: Bench, coordinator: Coordinator, count: number): Promise<void> => {
  const agents = bench.createPeers(0, agentCount);
  for (const agent of agents) {
    agent.connect(coordinator);
    agent.update(1);
  }
  const couples = bench.createPeers(agentCount, count).flatMap((client, index) => {
    const agent = agents[index % agentCount];
    return agent === undefined ? [] : [[client, agent] as const];
  });
  for (const [client, agent] of couples) {
    client.connect(coordinator);
    client.update(1);
    client.addTunnel(agent.number);
  }
  const converged = await expectNodes(bench.peers, couples, 420_000).reached;
  if (converged === undefined) throw new Error('the peers did not converge within 420 s');
  couples.forEach(([client], index) => {
    if (index % 2 === 0) client.drop();
    else client.disconnect();
  });
  for (const agent of agents) agent.disconnect();
};

const settled = async (bench: Bench, seconds: number) => {
  bench.progress(`nothing happens for ${seconds} s`);
  await pause(seconds);
  await collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return { heap: heapUsed, external, rss: residentBytes() };
};
