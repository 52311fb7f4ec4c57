import type { Coordinator } from 'tailnet-coordinator';
import { latencyFigures, within } from '../measure/latencies.js';
import { startCoordinatorProcess } from '../coordinatorProcess.js';
import { nodeToJson } from '../nodeJson.js';
import { updateOf } from '../benchNode.js';
import type { BenchPeer } from '../benchPeer.js';
import { type Bench, type Workload, pause } from '../workload.js';

const times = (results: readonly (number | undefined)[], since: number): readonly number[] =>
  results.filter((at) => at !== undefined).map((at) => at - since);

export const w5Failover: Workload = {
  description: 'a coordinator is killed: how soon its peers are lost, and found again elsewhere',
  defaults: { pairs: 500 },
  run: async (bench) => {
    const { pairs = 0 } = bench.params;
    const [coordinator] = await bench.startCoordinators(1);
    if (coordinator === undefined) throw new Error('a coordinator is needed');
    const other = await startCoordinatorProcess(bench.database.url);
    await pause(3);
    const clients = Array.from({ length: pairs }, (_, index) => bench.createPeer(pairs + index));
    for (let agent = 0; agent < pairs; agent++) {
      const id = bench.ids.uuidOf(agent);
      other.send({ op: 'connect', id });
      const node = updateOf(agent, 1).updateSelf?.node;
      if (node !== undefined) other.send({ op: 'update', id, node: nodeToJson(node) });
    }
    clients.forEach((client, agent) => {
      client.connect(coordinator);
      client.update(1);
      client.addTunnel(agent);
    });
    const converged = await within(
      120_000,
      Promise.all(clients.map((client, agent) => client.eventuallyHas(agent, 1))),
    );
    if (converged === undefined) throw new Error('the pairs did not converge within 120 s');
    await pause(2 + 2 * Math.random());

    const endOfDetect = await bench.database.costs.start();
    const losses = clients.map((client, agent) => client.eventuallyLoses(agent));
    const killedAt = performance.now();
    other.process.kill('SIGKILL');
    const lost = await Promise.all(losses.map((loss) => within(30_000, loss)));
    const detectTimes = times(lost, killedAt);
    const detect = {
      ...latencyFigures(detectTimes),
      all_lost: detectTimes.length === pairs,
      cost: await endOfDetect(),
    };
    bench.progress('the agents come back');
    await pause(1);
    return { detect, reconnect: await reconnect(bench, coordinator, clients) };
  },
};

const reconnect = async (bench: Bench, coordinator: Coordinator, clients: readonly BenchPeer[]) => {
  const end = await bench.database.costs.start();
  const found = clients.map((client, agent) => client.eventuallyHas(agent, 2));
  const start = performance.now();
  for (let agent = 0; agent < clients.length; agent++) {
    const peer = bench.createPeer(agent);
    peer.connect(coordinator);
    peer.update(2);
  }
  const foundTimes = times(await Promise.all(found.map((at) => within(30_000, at))), start);
  return { ...latencyFigures(foundTimes), all_node: foundTimes.length === clients.length, cost: await end() };
};
