import { defer, first, of, repeat, timer } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';

/**
 * The longest single wait, in milliseconds. Timers overflow at 2^31, which is 25 days; and when a clock is set forward,
 * that should not be noticed days later.
 */
const longestWait = 3_600_000;

/** Emits once, when the scheduler's clock says so many milliseconds, however far away that is; at once if it is past. */
export function dueAt$(time: number, scheduler: SchedulerLike): Observable<unknown> {
  return defer(() => {
    const left = time - scheduler.now();
    return left > 0 ? timer(Math.min(left, longestWait), scheduler) : of(0);
  }).pipe(
    repeat(),
    first(() => scheduler.now() >= time),
  );
}
