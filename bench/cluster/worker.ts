// One coordinator with its share of the peers, for the workload `cluster`; told what to do by messages of its parent.
import { filter, firstValueFrom } from 'rxjs';
import { type Coordinator, createCoordinator } from 'tailnet-coordinator';
import { type CoordinatorWire, wireTo } from '../database/wireTo.js';
import { BenchPeer } from '../peers/benchPeer.js';
import { createPeerRun } from '../peers/peerRun.js';
import type { FromWorker, Part, ToWorker } from './messages.js';

/** A peer here, and the number of the one that it plays with, which is at the next coordinator or the one before. */
interface Player {
  readonly peer: BenchPeer;
  readonly other: number;
}

const patience = 30_000;
let coordinator: Coordinator | undefined;
let wire: CoordinatorWire | undefined;
let peers = createPeerRun();
let agents: readonly Player[] = [];
let clients: readonly Player[] = [];
let isGoing = false;
let updates = 0;
let cpuBefore = process.cpuUsage();
const roundTrips: number[] = [];

/** Asked anew after every wait. */
const goesOn = (): boolean => isGoing;

const say = (message: FromWorker): void => {
  process.send?.(message);
};

const start = async (url: string, busUrl: string | undefined): Promise<void> => {
  wire = await wireTo(url, busUrl);
  coordinator = createCoordinator({ database: wire.database });
  await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
  say({ kind: 'started' });
};

/** Agents of process p have the numbers from 2·p·pairs on, their clients the pairs behind, at the process before. */
const connect = async ({ prefix, index, processes, pairs }: Part): Promise<void> => {
  if (coordinator === undefined) throw new Error('there is no coordinator yet');
  const here = coordinator;
  peers = createPeerRun(undefined, prefix);
  const players = (process: number, ofAgents: boolean): readonly Player[] =>
    Array.from({ length: pairs }, (_, pair) => {
      const agent = 2 * process * pairs + pair;
      const [number, other] = ofAgents ? [agent, agent + pairs] : [agent + pairs, agent];
      return { peer: new BenchPeer(number, peers), other };
    });
  agents = players(index, true);
  clients = players((index + 1) % processes, false);
  const everybody = peers.watchdog.expect(2 * pairs, 120_000);
  for (const { peer, other } of [...agents, ...clients]) {
    peer.connect(here);
    peer.update(1);
    peer.whenHas(other, 1, everybody);
  }
  for (const { peer, other } of clients) peer.addTunnel(other);
  if ((await everybody.reached) === undefined) throw new Error('the pairs did not converge within 120 s');
  say({ kind: 'connected' });
};

/** Each update of an agent is answered by one of its client, and each answer by the next update. */
const serve = async ({ peer, other }: Player): Promise<void> => {
  while (goesOn()) {
    const seen = peer.eventuallyHas(other, peer.version + 1, patience);
    const sentAt = peer.update();
    const seenAt = await seen;
    if (seenAt === undefined || !goesOn()) return;
    updates++;
    roundTrips.push(seenAt - sentAt);
  }
};

const answer = async ({ peer, other }: Player): Promise<void> => {
  while (goesOn()) {
    const seenAt = await peer.eventuallyHas(other, peer.version + 1, patience);
    if (seenAt === undefined || !goesOn()) return;
    updates++;
    peer.update();
  }
};

const go = (): void => {
  isGoing = true;
  cpuBefore = process.cpuUsage();
  for (const client of clients) void answer(client);
  for (const agent of agents) void serve(agent);
  say({ kind: 'going' });
};

const stop = async (): Promise<void> => {
  isGoing = false;
  const { user, system } = process.cpuUsage(cpuBefore);
  await coordinator?.close();
  await wire?.close();
  const stopped: FromWorker = { kind: 'stopped', updates, cpu: (user + system) / 1e6, roundTrips };
  // It is long, and must have been handed over before this process ends.
  process.send?.(stopped, () => process.exit(0));
};

process.on('message', (message: ToWorker) => {
  switch (message.kind) {
    case 'start':
      void start(message.url, message.busUrl);
      break;
    case 'connect':
      void connect(message);
      break;
    case 'go':
      go();
      break;
    case 'stop':
      void stop();
      break;
  }
});
// The parent is gone, and nobody else would end it.
process.on('disconnect', () => process.exit(0));
