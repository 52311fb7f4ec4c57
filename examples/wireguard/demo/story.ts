import type { AgentEvent } from '../agent/agentEvent.js';
import { formatEndpoint } from '../agent/endpoint.js';
import type { Fact } from './fact.js';
import type { FactLog } from './factLog.js';
import type { Network } from './network.js';
import { pingOnce, startPinger } from './pinger.js';
import type { Pinger } from './pinger.js';
import { pingInterval } from './pings.js';
import type { Agent } from './startAgent.js';
import type { Coordinator } from './startCoordinator.js';
import { coordinators, hosts, newAddress, pingPairs, wireguardPort } from './topology.js';
import type { CoordinatorName, Host } from './topology.js';

/** What the story is played with. */
export interface Stage {
  readonly network: Network;
  readonly log: FactLog;
  readonly coordinators: Readonly<Record<CoordinatorName, Coordinator>>;
  readonly agents: Readonly<Record<Host['name'], Agent>>;
}

/** How long others wait for the next heartbeat of a coordinator that has died, in seconds, and some more. */
const silence = 8;

/** Plays it from start to end. Rejects as soon as something does not hold that should. */
export const playStory = async (stage: Stage): Promise<void> => {
  await meet(stage);
  const pingers = pingPairs.map(([from, to]) => startPinger(stage.network, from, to, stage.log));
  try {
    await Promise.all(pingers.map((pinger) => pinger.answered(0, 5)));
    await roam(stage, pingers);
    await loseCoordinator(stage, pingers);
    await leave(stage, pingers);
    await crash(stage, pingers);
  } finally {
    await Promise.all(pingers.map((pinger) => pinger[Symbol.asyncDispose]()));
  }
};

const meet = async ({ network, log, agents }: Stage): Promise<void> => {
  log.tell({ kind: 'step', text: '2. The agents publish their nodes, open tunnels, and are told of each other.' });
  for (const { name } of hosts) {
    for (const other of hosts.filter((host) => host.name !== name)) {
      await log.next(0, says(name, isAbout(other, 'node')), `${name} is told of ${other.name}`);
    }
  }
  await log.next(0, says('bob', isConnectedTo('south')), 'bob connects to south');
  const everyPair = hosts.flatMap((from) =>
    hosts.filter((to) => to !== from).map((to) => [from.name, to.name] as const),
  );
  await orFailure(log, Promise.all(everyPair.map(([from, to]) => pingOnce(network, from, to))));
  for (const agent of Object.values(agents)) {
    const present = await agent.peers();
    check(present.length === 2, `${agent.host.name} has ${present.length} peers in WireGuard instead of 2`);
  }
  log.tell({ kind: 'holds', text: 'everybody reaches everybody through the tunnels' });
};

const roam = async ({ network, log, agents }: Stage, pingers: readonly Pinger[]): Promise<void> => {
  log.tell({ kind: 'step', text: '3. Carol moves to another address, and says nothing to the others herself.' });
  const start = log.position();
  const sent = sentBy(pingers);
  await network.move('carol', newAddress);
  log.tell({ kind: 'address', host: 'carol', address: newAddress });
  const endpoint = formatEndpoint(newAddress, wireguardPort);
  for (const name of ['alice', 'bob'] as const) {
    const isSet = says(name, (said) => said.event === 'wg' && said.words.includes(endpoint));
    await log.next(start, isSet, `${name} is told of carol's new endpoint`);
  }
  // What was sent to where she was is lost, and not worth waiting for.
  const losses = await judge(pingers, sent, 10, ({ to }) => (to === 'carol' ? 500 : undefined));
  for (const name of ['alice', 'bob'] as const) {
    const carols = (await agents[name].peers()).find(({ publicKey }) => publicKey === agents.carol.publicKey());
    check(carols?.endpoint === endpoint, `${name} sends to ${String(carols?.endpoint)} instead of ${endpoint}`);
  }
  check(losses.get('alice bob') === 0, `alice lost ${String(losses.get('alice bob'))} pings to bob, who did not move`);
  const lost = [...losses].filter(([pair]) => pair.endsWith('carol')).map(([pair, count]) => `${count} from ${pair}`);
  log.tell({
    kind: 'holds',
    text: `the pings go on; lost until they were told: ${lost.join(', ').replaceAll(' carol', '')}`,
  });
};

const loseCoordinator = async (stage: Stage, pingers: readonly Pinger[]): Promise<void> => {
  const { log } = stage;
  log.tell({
    kind: 'step',
    text: '4. South is killed. Bob is connected there, and knows nothing better than what he has.',
  });
  const start = log.position();
  const sent = sentBy(pingers);
  await stage.coordinators.south.kill();
  await log.next(start, says('bob', isConnectedTo('north')), 'bob connects to north');
  for (const other of hosts.filter(({ name }) => name !== 'bob')) {
    await log.next(start, says('bob', isAbout(other, 'lost')), `bob counts ${other.name} as lost`);
    await log.next(start, says('bob', isAbout(other, 'node')), `bob is told of ${other.name} again`);
  }
  // The others hear no more heartbeats of South, and learn in this time that it is dead.
  const losses = await judge(pingers, sent, Math.ceil(silence / pingInterval));
  checkNoneLost(losses);
  log.tell({ kind: 'holds', text: 'bob is back at north, and not one ping was lost' });
};

const leave = async ({ network, log, agents }: Stage, pingers: readonly Pinger[]): Promise<void> => {
  log.tell({ kind: 'step', text: '5. Carol leaves for good.' });
  const start = log.position();
  await Promise.all(pingers.filter(({ to }) => to === 'carol').map((pinger) => pinger[Symbol.asyncDispose]()));
  const key = agents.carol.publicKey();
  await agents.carol.leave();
  const without = async (name: 'alice' | 'bob') => {
    const isRemoved = says(name, (said) => said.event === 'wg' && said.words.join(' ').includes(`peer ${key} remove`));
    await log.next(start, isRemoved, `${name} removes carol`);
    const present = await agents[name].peers();
    check(present.length === 1 && present[0]?.publicKey !== key, `${name} still has carol in WireGuard`);
    const isReached = await pingOnce(network, name, 'carol', 1).then(
      () => true,
      () => false,
    );
    check(!isReached, `${name} still reaches carol`);
  };
  await Promise.all([without('alice'), without('bob')]);
  log.tell({ kind: 'holds', text: 'alice and bob have no peer carol any more' });
};

const crash = async ({ log, agents }: Stage, pingers: readonly Pinger[]): Promise<void> => {
  log.tell({
    kind: 'step',
    text: "6. Bob's agent is killed; his WireGuard is not. Alice is told LOST, and keeps what works.",
  });
  const start = log.position();
  const left = pingers.filter(({ to }) => to === 'bob');
  const sent = sentBy(left);
  await agents.bob.kill();
  await log.next(start, says('alice', isAbout(agents.bob.host, 'lost')), 'alice is told that bob is lost');
  const losses = await judge(left, sent, 10);
  const present = await agents.alice.peers();
  check(
    present.some(({ publicKey }) => publicKey === agents.bob.publicKey()),
    'alice has no peer bob any more',
  );
  checkNoneLost(losses);
  log.tell({ kind: 'holds', text: 'alice still reaches bob, and not one ping was lost' });
};

/** Whether a fact is such an utterance of a host's agent. */
const says =
  (host: Host['name'], isIt: (said: AgentEvent) => boolean) =>
  (fact: Fact): boolean =>
    fact.kind === 'agent' && fact.host === host && isIt(fact.said);

const isConnectedTo =
  (name: CoordinatorName) =>
  (said: AgentEvent): boolean =>
    said.event === 'connection' && said.state === 'connected' && new URL(said.url).hostname === coordinators[name];

const isAbout =
  ({ id }: Host, kind: string) =>
  (said: AgentEvent): boolean =>
    said.event === 'peer' && said.kind === kind && said.peer === id;

const sentBy = (pingers: readonly Pinger[]): readonly number[] => pingers.map((pinger) => pinger.sent());

/** How many pings of each were lost since then, when so many more were answered; by `from to`. */
const judge = async (
  pingers: readonly Pinger[],
  sent: readonly number[],
  answers: number,
  patience: (pinger: Pinger) => number | undefined = () => undefined,
): Promise<ReadonlyMap<string, number>> => {
  await Promise.all(pingers.map((pinger, index) => pinger.answered(sent[index] ?? 0, answers)));
  const lost = await Promise.all(pingers.map((pinger, index) => pinger.lostSince(sent[index] ?? 0, patience(pinger))));
  return new Map(pingers.map(({ from, to }, index) => [`${from} ${to}`, lost[index] ?? 0]));
};

const orFailure = <T>(log: FactLog, promise: Promise<T>): Promise<T> => Promise.race([promise, log.failed]);

const check = (holds: boolean, otherwise: string): void => {
  if (!holds) throw new Error(otherwise);
};

const checkNoneLost = (losses: ReadonlyMap<string, number>): void => {
  for (const [pair, count] of losses)
    check(count === 0, `${count} pings were lost on the way ${pair.replace(' ', ' → ')}`);
};
