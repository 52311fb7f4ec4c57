import { take, type Subject } from 'rxjs';
import type { Coordinator, Health } from '../../src/api.js';
import type { Store, Uuid } from '../../src/db/store.js';
import type { FaultyDatabase } from '../../src/testing/index.js';
import type { Gate } from './gate.js';
import type { Process } from './simulatedTime.js';

/** A place where a coordinator runs; when it ends, another one starts there after a while. */
export interface Site {
  readonly index: number;
  readonly database: FaultyDatabase;
  process: Process;
  /** Between the process and its database. */
  gate: Gate;
  coordinator: Coordinator;
  close$: Subject<void>;
  state: 'up' | 'closing' | 'down';
  readonly vitals: Vitals;
  /** How many statements are under way, by method. */
  readonly statements: Map<keyof Store, number>;
  /** Of whom statements with tunnels are under way: each is in one at most. */
  readonly tunnelWriters: Set<Uuid>;
  /** Milliseconds that notifications to it are late: each channel by its own time. */
  lateness: number;
  /** What is wrong with it now, and how much ever was. */
  disturbances: number;
  disturbed: number;
  /** When its last disturbance ended. */
  undisturbedSince: number;
}

/** How a coordinator is, and why. */
export interface Vitals {
  health: Health;
  /** Heartbeats that failed since the last one that did not. */
  failures: number;
  /** Since when it has been unhealthy, and had the time to do something about it. */
  unhealthySince: number;
}

/** Whether a coordinator takes connections. */
export const isHealthy = ({ health$ }: Coordinator): boolean => {
  let isTaken = false;
  health$.pipe(take(1)).subscribe((health) => {
    isTaken = health === 'healthy' || health === 'starting';
  });
  return isTaken;
};
