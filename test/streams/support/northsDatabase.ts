import type { SchedulerLike } from 'rxjs';
import {
  type FaultyDatabase,
  type MemoryDatabase,
  type WireOptions,
  memoryDatabase,
  north,
} from '../../../src/testing/index.js';

/** A database in which north has its row, and a wire of north's own to it. */
export interface NorthsDatabase extends FaultyDatabase {
  /** The tables, without latency and faults. */
  readonly tables: MemoryDatabase;
  readonly rows: MemoryDatabase['rows'];
}

/** A call takes 10 ms unless said otherwise; its work is done after half of that. */
export const northsDatabase = (scheduler: SchedulerLike, wire: Omit<WireOptions, 'scheduler'> = {}): NorthsDatabase => {
  const tables = memoryDatabase({ scheduler });
  tables.store.heartbeat(north).subscribe();
  return { ...tables.connect({ latency: 10, ...wire }), tables, rows: tables.rows };
};
