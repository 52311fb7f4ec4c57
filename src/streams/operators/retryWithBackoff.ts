import {
  type MonoTypeOperatorFunction,
  type Observable,
  type SchedulerLike,
  NEVER,
  merge,
  retry,
  take,
  throwError,
  timer,
} from 'rxjs';
import { type Backoff, backoffDelay } from './backoff.js';

/** When to try again, and who decides. */
export interface RetryOptions extends Backoff {
  readonly scheduler: SchedulerLike;
  /** Ends every wait at once, because something has just succeeded. Default: never. */
  readonly wake$?: Observable<unknown>;
  /** Errors for which it answers false are passed on. Default: all are tried again. */
  readonly retryable?: (error: unknown) => boolean;
}

/** The wait after the `attempt`th failure (1, 2, …): emits once, when it is over. */
export const retryWait$ = (attempt: number, { wake$ = NEVER, ...options }: RetryOptions): Observable<unknown> =>
  merge(timer(backoffDelay(attempt, options), options.scheduler), wake$).pipe(take(1));

/**
 * Subscribes to the source again when it fails, for ever, waiting longer each time. The wait starts anew, at the
 * shortest, with each subscription to the result and after each value.
 */
export const retryWithBackoff = <T>(options: RetryOptions): MonoTypeOperatorFunction<T> =>
  retry<T>({
    delay: (error, attempt) =>
      (options.retryable?.(error) ?? true) ? retryWait$(attempt, options) : throwError(() => error as unknown),
    resetOnSuccess: true,
  });
