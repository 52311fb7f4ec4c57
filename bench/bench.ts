import { filter, firstValueFrom } from 'rxjs';
import { type Coordinator, createCoordinator } from 'tailnet-coordinator';
import type { Numbers } from './command.js';
import type { BenchDatabase } from './database/benchDatabase.js';
import { type CoordinatorWire, wireTo } from './database/wireTo.js';
import { pause } from './measure/pause.js';
import { BenchPeer } from './peers/benchPeer.js';
import type { PeerRun } from './peers/peerRun.js';

/** What a workload runs in. */
export interface Bench {
  readonly database: BenchDatabase;
  readonly peers: PeerRun;
  readonly numbers: Numbers;
  /** NATS as the bus of the coordinators; undefined: the database itself. */
  readonly busUrl: string | undefined;
  /** Starts one coordinator, with a pool and a LISTEN connection of its own, and waits until it takes part. */
  startCoordinator(): Promise<Coordinator>;
  /** Starts two coordinators, one after the other, and waits until each has heard the other. */
  startTwoCoordinators(): Promise<readonly [Coordinator, Coordinator]>;
  createPeer(peer: number): BenchPeer;
  createPeers(first: number, count: number): readonly BenchPeer[];
  /** Shown on a terminal while it runs. */
  progress(text: string): void;
  /** Closes the coordinators. */
  close(): Promise<void>;
}

/** Seconds in which every coordinator has heard every other. */
export const acquaintanceSeconds = 3;

export const createBench = (
  database: BenchDatabase,
  peers: PeerRun,
  numbers: Numbers,
  progress: (text: string) => void,
  busUrl?: string,
): Bench => {
  const coordinators: Coordinator[] = [];
  const wires: CoordinatorWire[] = [];
  const startCoordinator = async () => {
    const wire = await wireTo(database.url, busUrl);
    wires.push(wire);
    const coordinator = createCoordinator({ database: wire.database });
    coordinators.push(coordinator);
    await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
    return coordinator;
  };
  const createPeer = (peer: number) => new BenchPeer(peer, peers);
  return {
    database,
    peers,
    numbers,
    busUrl,
    progress,
    startCoordinator,
    startTwoCoordinators: async () => {
      const both = [await startCoordinator(), await startCoordinator()] as const;
      await pause(acquaintanceSeconds);
      return both;
    },
    createPeer,
    createPeers: (first, count) => Array.from({ length: count }, (_, index) => createPeer(first + index)),
    close: async () => {
      await Promise.all(coordinators.map((coordinator) => coordinator.close()));
      await Promise.all(wires.map((wire) => wire.close()));
    },
  };
};
