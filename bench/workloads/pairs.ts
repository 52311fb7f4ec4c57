import type { Coordinator } from 'tailnet-coordinator';
import type { Bench } from '../bench.js';
import { pause } from '../measure/pause.js';
import type { BenchPeer } from '../peers/benchPeer.js';
import { expectNodes } from './expectNodes.js';

/** An agent and the client that has a tunnel to it. */
export interface Pair {
  readonly agent: BenchPeer;
  readonly client: BenchPeer;
}

/** Milliseconds after which an update counts as lost. */
const patience = 10_000;

/** Connects agents 0 … n-1 and clients n … 2n-1, each client with a tunnel to its agent, and waits until all know each other. */
export const connectPairs = async (
  bench: Bench,
  agentsAt: Coordinator,
  clientsAt: Coordinator,
): Promise<readonly Pair[]> => {
  const { pairs: count = 0 } = bench.numbers;
  const agents = bench.createPeers(0, count);
  const clients = bench.createPeers(count, count);
  const pairs = agents.flatMap((agent, index) => {
    const client = clients[index];
    return client === undefined ? [] : [{ agent, client }];
  });
  bench.progress(`${count} pairs connect`);
  for (const { agent } of pairs) {
    agent.connect(agentsAt);
    agent.update(1);
  }
  for (const { agent, client } of pairs) {
    client.connect(clientsAt);
    client.update(1);
    client.addTunnel(agent.number);
  }
  const couples = pairs.map(({ agent, client }) => [agent, client] as const);
  const converged = await expectNodes(bench.peers, couples, 120_000).reached;
  if (converged === undefined) throw new Error('the pairs did not converge within 120 s');
  await pause(2);
  return pairs;
};

/** The agent publishes its next version; how long until its client has it, or undefined if that took over 10 s. */
export const propagate = async ({ agent, client }: Pair): Promise<number | undefined> => {
  const seen = client.eventuallyHas(agent.number, agent.version + 1, patience);
  const sentAt = agent.update();
  const seenAt = await seen;
  return seenAt === undefined ? undefined : seenAt - sentAt;
};
