import type { Logger } from 'pino';
import {
  type MonoTypeOperatorFunction,
  type Observable,
  type SchedulerLike,
  connect,
  defer,
  exhaustMap,
  filter,
  ignoreElements,
  merge,
  mergeMap,
  race,
  take,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { type Uuid, StoreError } from '../db/store.js';
import type { Beat } from './heartbeats.js';
import type { CoordinatorHint } from './hints.js';
import { type RetryOptions, retryWithBackoff } from './operators/retryWithBackoff.js';

export interface ListeningOptions {
  readonly coordinatorId: Uuid;
  /** How the own heartbeats go. */
  readonly beats$: Observable<Beat>;
  /** Milliseconds after a written heartbeat within which it, or a later one, must be heard. */
  readonly limit: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Notices a bus that is silently dead, as a LISTEN connection behind a broken network path, or one through a pooler
 * that does not keep it: a heartbeat was written, and neither it nor a later one comes back. That is an error
 * (`own heartbeats are not heard`); whoever subscribes again listens anew, and hears a gap first.
 */
export const withOwnHeartbeatHeard = ({
  coordinatorId,
  beats$,
  limit,
  scheduler,
}: ListeningOptions): MonoTypeOperatorFunction<CoordinatorHint> => {
  return (hints$) =>
    hints$.pipe(
      connect((heard$) => {
        const ownHeard$ = heard$.pipe(
          filter((hint) => hint.kind === 'heartbeat' && hint.coordinatorId === coordinatorId),
        );
        const deaf$ = timer(limit, scheduler).pipe(
          mergeMap(() => throwError(() => new StoreError('unavailable', 'own heartbeats are not heard'))),
        );
        return merge(
          heard$,
          beats$.pipe(
            filter(({ kind }) => kind === 'written'),
            exhaustMap(() => race(ownHeard$, deaf$).pipe(take(1))),
            ignoreElements(),
          ),
        );
      }),
    );
};

/**
 * Listens anew when listening fails, for ever. The log says when it does (`not listening; will listen anew`), and when
 * it has come to it (`listening again`): with the first gap, which says that all is heard.
 */
export const listeningAnew =
  (backoff: RetryOptions, logger: Pick<Logger, 'info' | 'warn'>): MonoTypeOperatorFunction<CoordinatorHint> =>
  (hints$) =>
    defer(() => {
      let isListening = true;
      return hints$.pipe(
        tap({
          next: ({ kind }) => {
            if (kind !== 'gap' || isListening) return;
            isListening = true;
            logger.info('listening again');
          },
          error: (err: unknown) => {
            isListening = false;
            logger.warn({ err }, 'not listening; will listen anew');
          },
        }),
        retryWithBackoff<CoordinatorHint>(backoff),
      );
    });
