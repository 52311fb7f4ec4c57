import { type Observable, type SchedulerLike, from, ignoreElements, mergeMap, switchMap, tap, timer } from 'rxjs';
import { closeErrors } from '../proto/responses.js';
import type { Connections } from './connections.js';

export interface EvacuationOptions {
  readonly connections: Pick<Connections, 'all'>;
  /** Whether the coordinator is unhealthy: a value at each change. */
  readonly unhealthy$: Observable<boolean>;
  /** Milliseconds within which all are to go. */
  readonly spread: number;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
}

/**
 * Sends the peers of an unhealthy coordinator to another one: each at a time of its own, at random, so that they do not
 * arrive there together. Those still here when the coordinator recovers stay.
 */
export const evacuation$ = ({
  connections,
  unhealthy$,
  spread,
  random,
  scheduler,
}: EvacuationOptions): Observable<never> =>
  unhealthy$.pipe(
    switchMap((unhealthy) =>
      from(unhealthy ? connections.all() : []).pipe(
        mergeMap((connection) =>
          timer(random() * spread, scheduler).pipe(
            tap(() => {
              connection.end(closeErrors.unhealthy);
            }),
          ),
        ),
      ),
    ),
    ignoreElements(),
  );
