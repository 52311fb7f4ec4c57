import { type Coordinator, createCoordinator } from 'tailnet-coordinator';
import type { BenchDatabase } from './benchDatabase.js';
import { type Ids, createIds } from './benchNode.js';
import { BenchPeer } from './benchPeer.js';

/** Numbers that a workload takes, with their defaults. */
export type Params = Readonly<Record<string, number>>;

/** What a workload runs in. */
export interface Bench {
  readonly database: BenchDatabase;
  readonly ids: Ids;
  readonly params: Params;
  /** Starts this many coordinators, one after the other, and waits until each has heard every other. */
  startCoordinators(count: number): Promise<readonly Coordinator[]>;
  createPeer(peer: number): BenchPeer;
  /** Entries in all responses that all peers read so far. */
  received(): number;
  progress(text: string): void;
}

export interface Workload {
  readonly description: string;
  readonly defaults: Params;
  readonly run: (bench: Bench) => Promise<Readonly<Record<string, unknown>>>;
}

export const pause = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

/** Runs a workload and closes whatever it started. */
export const runWorkload = async (
  workload: Workload,
  database: BenchDatabase,
  params: Params,
  progress: (text: string) => void,
): Promise<Readonly<Record<string, unknown>>> => {
  const coordinators: Coordinator[] = [];
  const peers: BenchPeer[] = [];
  const ids = createIds();
  try {
    return await workload.run({
      database,
      ids,
      params,
      progress,
      startCoordinators: async (count) => {
        for (let index = 0; index < count; index++) coordinators.push(createCoordinator({ database: database.url }));
        await pause(3);
        return coordinators;
      },
      createPeer: (peer) => {
        const created = new BenchPeer(peer, ids);
        peers.push(created);
        return created;
      },
      received: () => peers.reduce((sum, peer) => sum + peer.received, 0),
    });
  } finally {
    await Promise.all(coordinators.map((coordinator) => coordinator.close()));
  }
};
