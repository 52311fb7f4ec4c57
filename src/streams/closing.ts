import type { Logger } from 'pino';
import {
  type Observable,
  type SchedulerLike,
  catchError,
  delay,
  endWith,
  map,
  merge,
  of,
  shareReplay,
  switchMap,
  take,
  tap,
} from 'rxjs';
import type { Connections } from './connections.js';
import { type DrainingOptions, draining$ } from './draining.js';

export interface ClosingOptions {
  /** Closes, all connections at once, when it emits or fails. */
  readonly close$: Observable<unknown>;
  /** Closes as it says; what it says last counts. */
  readonly requests$: Observable<Pick<DrainingOptions, 'spread'>>;
  /** Called whenever it begins, or begins anew. */
  readonly onBegin: () => void;
  /** Emits once it has begun; replays that. */
  readonly begun$: Observable<unknown>;
  readonly connections: Pick<Connections, 'all' | 'size'>;
  /** What takes in nothing more once the last connection has been ended. */
  readonly parts: readonly { end(): void }[];
  /** Milliseconds that what was accepted may take to be written, from then on. */
  readonly timeout: number;
  readonly scheduler: SchedulerLike;
  readonly logger: Pick<Logger, 'info' | 'error'>;
}

export interface Closing {
  /** Emits when the last connection has been ended and the parts take in nothing more; replays that. */
  readonly drained$: Observable<unknown>;
  /** Emits when what was accepted had its time to be written. */
  readonly timedOut$: Observable<unknown>;
  /** Whether a peer that goes now is marked lost together with all that are left, and not on its own. */
  readonly goesTogether: () => boolean;
}

/** The order in which a coordinator closes: connections end, the parts end, and what they hold has its time. */
export const createClosing = (options: ClosingOptions): Closing => {
  const { close$, requests$, onBegin, begun$, connections, parts, timeout, scheduler, logger } = options;
  let goesTogether = false;

  const begin = ({ spread }: Pick<DrainingOptions, 'spread'>): Observable<never> => {
    logger.info({ connections: connections.size, spread }, 'closing');
    onBegin();
    goesTogether = spread === 0;
    return draining$({ connections, spread, scheduler });
  };

  const endParts = (): void => {
    goesTogether = true;
    for (const part of parts) part.end();
  };

  /** Whoever breaks the stream that says when to close wanted to say it. */
  const wanted$ = close$.pipe(
    catchError((err: unknown) => {
      logger.error({ err }, 'close$ failed; closing');
      return of(undefined);
    }),
    map(() => ({ spread: 0 })),
  );

  const drained$ = merge(wanted$, requests$).pipe(
    switchMap((request) => begin(request).pipe(endWith(undefined))),
    take(1),
    tap(endParts),
    shareReplay({ bufferSize: 1, refCount: true }),
  );

  return {
    drained$,
    // From the beginning on and not before: a close$ that emits at once would close what does not live yet.
    timedOut$: begun$.pipe(
      switchMap(() => drained$),
      delay(timeout, scheduler),
      tap(() => {
        logger.error('own peers not marked lost in time; others will see it by the silence');
      }),
    ),
    goesTogether: () => goesTogether,
  };
};
