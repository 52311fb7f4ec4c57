import { type Observable, type SchedulerLike, EMPTY, defer, ignoreElements, takeWhile, tap, timer } from 'rxjs';
import { closeErrors } from '../proto/responses.js';
import type { Connections } from './connections.js';

export interface DrainingOptions {
  readonly connections: Pick<Connections, 'all' | 'size'>;
  /** Milliseconds over which they are ended; 0: all at once. */
  readonly spread: number;
  readonly scheduler: SchedulerLike;
}

/** Milliseconds from one look at what is due to the next. Timers are not much more exact than the shortest. */
const [shortestStep, longestStep] = [10, 100];

/**
 * Ends the connections that there are, one after the other in even steps, so that other coordinators take their peers in
 * a stream and not in a wave. Completes with the last, or when nobody is left.
 */
export const draining$ = ({ connections, spread, scheduler }: DrainingOptions): Observable<never> =>
  defer(() => {
    const all = connections.all();
    if (spread === 0) for (const connection of all) connection.end(closeErrors.closed);
    if (connections.size === 0) return EMPTY;
    const step = Math.min(longestStep, Math.max(shortestStep, spread / all.length));
    let ended = 0;
    return timer(0, step, scheduler).pipe(
      tap((index) => {
        const due = Math.min(all.length, 1 + Math.floor((index * step * all.length) / spread));
        while (ended < due) all[ended++]?.end(closeErrors.closed);
      }),
      takeWhile(() => ended < all.length && connections.size > 0),
      ignoreElements(),
    );
  });
