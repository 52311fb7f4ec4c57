import type { Coordinator } from 'tailnet-coordinator';
import { type Bench, acquaintanceSeconds } from '../bench.js';
import type { Workload } from '../command.js';
import { latencyMetrics } from '../measure/latencyMetrics.js';
import { pause } from '../measure/pause.js';
import type { BenchPeer } from '../peers/benchPeer.js';
import { type CoordinatorProcess, startCoordinatorProcess } from '../scripted/coordinatorProcess.js';
import { nodeToJson } from '../scripted/nodeJson.js';

/** Milliseconds that a client is waited for, in either phase. */
const patience = 30_000;

export const w5Failover: Workload = {
  kind: 'workload',
  description: 'a coordinator is killed: how soon its peers are lost, and found again elsewhere',
  numbers: { pairs: 500 },
  run: async (bench) => {
    const coordinator = await bench.startCoordinator();
    await using doomed = await startCoordinatorProcess(bench.database.url);
    await pause(acquaintanceSeconds);
    bench.progress('the pairs connect');
    const clients = await connectPairsAcross(bench, coordinator, doomed);
    // Any phase of the heartbeat.
    await pause(2 + 2 * Math.random());
    bench.progress('one coordinator is killed');
    const detect = await detectLoss(bench, clients, doomed);
    await pause(1);
    bench.progress('the agents come back');
    return { detect, reconnect: await reconnect(bench, coordinator, clients) };
  },
};

/** Agents 0 … n-1 at the other process, clients n … 2n-1 here, client n+i with a tunnel to agent i. */
const connectPairsAcross = async (
  bench: Bench,
  coordinator: Coordinator,
  other: CoordinatorProcess,
): Promise<readonly BenchPeer[]> => {
  const { pairs = 0 } = bench.numbers;
  const { ids, compose, watchdog } = bench.peers;
  const clients = bench.createPeers(pairs, pairs);
  const converged = watchdog.expect(2 * pairs, 120_000);
  const agentsWithout = new Set<string>();
  for (let agent = 0; agent < pairs; agent++) agentsWithout.add(ids.uuidOf(agent));
  // What its agents see, the other process says.
  other.onEvent((event) => {
    const isNode = event['ev'] === 'update' && event['kind'] === 'NODE';
    if (isNode && agentsWithout.delete(String(event['id']))) converged.arrive(performance.now());
  });
  for (let agent = 0; agent < pairs; agent++) {
    const id = ids.uuidOf(agent);
    other.send({ op: 'connect', id });
    other.send({ op: 'update', id, node: nodeToJson(compose(agent, 1)) });
  }
  clients.forEach((client, agent) => {
    client.connect(coordinator);
    client.update(1);
    client.addTunnel(agent);
    client.whenHas(agent, 1, converged);
  });
  if ((await converged.reached) === undefined) throw new Error('the pairs did not converge within 120 s');
  return clients;
};

const detectLoss = async (bench: Bench, clients: readonly BenchPeer[], doomed: CoordinatorProcess) => {
  const lostAt: number[] = [];
  const end = await bench.database.costs.start();
  const allLost = bench.peers.watchdog.expect(clients.length, patience, (at) => lostAt.push(at));
  clients.forEach((client, agent) => {
    client.whenLost(agent, allLost);
  });
  const killedAt = performance.now();
  doomed.kill();
  await allLost.reached;
  const cost = await end();
  return {
    ...latencyMetrics(lostAt.map((at) => at - killedAt)),
    all_lost: lostAt.length === clients.length,
    cost,
  };
};

const reconnect = async (bench: Bench, coordinator: Coordinator, clients: readonly BenchPeer[]) => {
  const agents = bench.createPeers(0, clients.length);
  const foundAt: number[] = [];
  const end = await bench.database.costs.start();
  const allFound = bench.peers.watchdog.expect(clients.length, patience, (at) => foundAt.push(at));
  clients.forEach((client, agent) => {
    client.whenHas(agent, 2, allFound);
  });
  const start = performance.now();
  for (const agent of agents) {
    agent.connect(coordinator);
    agent.update(2);
  }
  await allFound.reached;
  const cost = await end();
  return {
    ...latencyMetrics(foundAt.map((at) => at - start)),
    all_node: foundAt.length === clients.length,
    cost,
  };
};
