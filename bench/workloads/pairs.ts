import type { Coordinator } from 'tailnet-coordinator';
import type { BenchPeer } from '../benchPeer.js';
import { within } from '../measure/latencies.js';
import { type Bench, pause } from '../workload.js';

/** An agent and the client that has a tunnel to it. */
export interface Pair {
  readonly agent: BenchPeer;
  readonly client: BenchPeer;
}

/** Connects agents 0 … n-1 and clients n … 2n-1, each client with a tunnel to its agent, and waits until all know each other. */
export const connectPairs = async (
  bench: Bench,
  agentsAt: Coordinator,
  clientsAt: Coordinator,
): Promise<readonly Pair[]> => {
  const { pairs: count = 0 } = bench.params;
  const pairs = Array.from({ length: count }, (_, index) => ({
    agent: bench.createPeer(index),
    client: bench.createPeer(count + index),
  }));
  for (const { agent } of pairs) {
    agent.connect(agentsAt);
    agent.update();
  }
  for (const { agent, client } of pairs) {
    client.connect(clientsAt);
    client.update();
    client.addTunnel(agent.number);
  }
  const converged = await within(
    120_000,
    Promise.all(
      pairs.flatMap(({ agent, client }) => [
        client.eventuallyHas(agent.number, 1),
        agent.eventuallyHas(client.number, 1),
      ]),
    ),
  );
  if (converged === undefined) throw new Error('the pairs did not converge within 120 s');
  await pause(2);
  return pairs;
};

/** The agent publishes its next version; how long until its client has it, or undefined if that took over 10 s. */
export const propagate = async ({ agent, client }: Pair): Promise<number | undefined> => {
  const version = agent.version + 1;
  const seen = client.eventuallyHas(agent.number, version);
  const sentAt = agent.update(version);
  const seenAt = await within(10_000, seen);
  return seenAt === undefined ? undefined : seenAt - sentAt;
};
