import type { Logger } from 'pino';
import {
  type Observable,
  type SchedulerLike,
  EMPTY,
  catchError,
  concat,
  defer,
  ignoreElements,
  repeat,
  tap,
  timer,
} from 'rxjs';
import type { Store } from '../db/store.js';

export interface CleanupOptions {
  readonly store: Pick<Store, 'cleanCoordinators' | 'cleanLostBindings' | 'cleanTunnels'>;
  /** Milliseconds from the end of one cleanup to the next, ± 10 %. */
  readonly period: number;
  readonly random: () => number;
  readonly scheduler: SchedulerLike;
  readonly logger: Logger;
}

/** The first cleanup comes within this share of a period, so that coordinators that start together do not clean together. */
const firstWithin = 1 / 720;

/**
 * Removes what everybody left behind more than a day ago: soon after the start, and then every period. Coordinators do
 * not agree on who does it, since it does no harm twice. What fails is left to the next time.
 */
export const cleanup$ = ({ store, period, random, scheduler, logger }: CleanupOptions): Observable<never> => {
  const clean = (what: string, count$: Observable<number>): Observable<never> =>
    count$.pipe(
      tap((count) => {
        if (count > 0) logger.info({ count }, `cleaned up ${what}`);
      }),
      ignoreElements(),
      catchError((err: unknown) => {
        logger.error({ err }, `failed to cleanup ${what}`);
        return EMPTY;
      }),
    );

  const cleanOnce$ = defer(() =>
    concat(
      clean('old coordinators', store.cleanCoordinators()),
      clean('lost peers', store.cleanLostBindings()),
      clean('abandoned tunnels', store.cleanTunnels()),
    ),
  );

  return concat(
    timer(random() * period * firstWithin, scheduler).pipe(ignoreElements()),
    cleanOnce$.pipe(repeat({ delay: () => timer(period * (0.9 + 0.2 * random()), scheduler) })),
  );
};
