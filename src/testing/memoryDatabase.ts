import { withFaultsInTurns, type FaultyDatabase, type WireOptions } from './faults/withFaults.js';
import { clockOf } from './memory/clock.js';
import { memoryBus } from './memory/memoryBus.js';
import { memoryStore } from './memory/memoryStore.js';
import { rowsOf, type Rows } from './memory/rows.js';
import { steadyTimers } from './memory/steadyTimers.js';
import { emptyTables } from './memory/tables.js';
import { transactionsOn } from './memory/transaction.js';
import { takingTurns } from './memory/turns.js';

/** A database within the process, for tests and for trying things out. */
export interface MemoryDatabase extends FaultyDatabase {
  /** The tables, to look at and to change by hand. */
  readonly rows: Rows;
  /**
   * A wire of its own to the same tables, with its own latency and faults, on top of those of the database: to cut off
   * one coordinator, give each its own. What befalls `database.faults` befalls all.
   */
  readonly connect: (options?: Omit<WireOptions, 'scheduler'>) => FaultyDatabase;
}

/**
 * A database that lives and dies with the process. Any number of coordinators may share it:
 *
 * ```ts
 * const database = memoryDatabase();
 * const north = createCoordinator({ database });
 * const south = createCoordinator({ database });
 * ```
 *
 * It does what PostgreSQL does, to the notification. Without latencies everything happens within the call: a write is
 * done, announced and answered before `subscribe` returns. Listeners hear one message at a time and in order; what is
 * caused by a listener is delivered after what it is hearing. Nothing in it is random. Time (`updatedAt`, the age of
 * heartbeats) is the scheduler's; writes within one millisecond still get different times.
 */
export const memoryDatabase = (options: WireOptions = {}): MemoryDatabase => {
  const { scheduler = steadyTimers } = options;
  const tables = emptyTables();
  const turns = takingTurns();
  const bus = memoryBus(turns);
  const store = memoryStore(tables, clockOf(scheduler), transactionsOn(bus));
  const database = withFaultsInTurns({ store, bus }, { ...options, scheduler }, turns);
  return {
    ...database,
    rows: rowsOf(tables),
    connect: (wireOptions) => withFaultsInTurns(database, { ...wireOptions, scheduler }, turns),
  };
};
