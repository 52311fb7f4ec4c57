import type { TimestampProvider } from 'rxjs';
import type { Microseconds } from '../../db/store.js';

/** The database's clock. */
export interface Clock {
  /** The scheduler's time, to the microsecond. */
  now(): Microseconds;
  /** The time of a write: the scheduler's, moved on where two writes would share it. No two are equal. */
  stamp(): Microseconds;
}

export const clockOf = (scheduler: TimestampProvider): Clock => {
  let last = 0;
  // PostgreSQL's has whole microseconds; virtual time has any fraction.
  const now = () => Math.round(scheduler.now() * 1000);
  return { now, stamp: () => (last = Math.max(last + 1, now())) };
};
