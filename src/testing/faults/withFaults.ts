import { EMPTY, asyncScheduler, type SchedulerLike } from 'rxjs';
import type { Database } from '../../db/database.js';
import { takingTurns, type Turns } from '../memory/turns.js';
import type { Call } from './call.js';
import { faultState, type Faults } from './faults.js';
import { faultyBus } from './faultyBus.js';
import { faultyStore } from './faultyStore.js';
import { wire } from './wire.js';

/** How long the way to a database and back is. */
export interface WireOptions {
  /**
   * Milliseconds from a call to its answer, or a function that says how many; the work is done after the first half. A
   * call that is unsubscribed from before that is never done, one that is unsubscribed from later is. Default: no time
   * passes, the answer comes within the call.
   */
  readonly latency?: number | ((call: Call) => number);
  /**
   * Milliseconds that a notification needs to a listener, or a function that says how many. The order of those on one
   * channel stays, and of those by one sender. Default: no time passes.
   */
  readonly busLatency?: number | ((channel: string, payload: string) => number);
  /** Where the latencies pass. Default `asyncScheduler`, which is virtual inside `testScheduler.run()`. */
  readonly scheduler?: SchedulerLike;
}

/** A database with a switchboard of faults in front of it. */
export interface FaultyDatabase extends Database {
  /** The switchboard. */
  readonly faults: Faults;
}

/**
 * Puts latency and faults between a coordinator and any database, PostgreSQL included. They concern those who use what
 * is returned, and nobody else: two coordinators with a wire of their own to the same database can be cut off singly.
 */
export const withFaults = (database: Database, options: WireOptions = {}): FaultyDatabase =>
  withFaultsInTurns(database, options, takingTurns());

/** With the turns in which the database itself delivers, if it does so synchronously. */
export const withFaultsInTurns = (
  database: Database,
  { latency, busLatency, scheduler = asyncScheduler }: WireOptions,
  turns: Turns,
): FaultyDatabase => {
  const faults = faultState();
  const through = wire(faults, latency, scheduler);
  return {
    store: faultyStore(database.store, through),
    bus: faultyBus(database.bus, through, faults, { busLatency, scheduler, turns }),
    faults,
    close: () => database.close?.() ?? EMPTY,
  };
};
