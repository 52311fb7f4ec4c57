import { type OperatorFunction, type SchedulerLike, Observable, Subscription, defer } from 'rxjs';
import { Pace, type PaceOptions } from './pace.js';
import { type RetryOptions, retryWait$ } from './retryWithBackoff.js';

export interface CoalesceInBatchesOptions<K> {
  /** Keys in one batch. */
  readonly maxSize: number;
  /** Batches in flight at the same time; the keys that come meanwhile are collected. */
  readonly maxInFlight: number;
  /** On which the end of a turn is waited for, so that the keys of this turn share a batch; and what `pace` says. */
  readonly scheduler: SchedulerLike;
  /** How often a batch begins that is not full: keys that come one by one share batches then. Default: at once. */
  readonly pace?: PaceOptions;
  /** Asked of a key that comes: whether it, and what waits with it, is not paced. Default: none is urgent. */
  readonly isUrgent?: (key: K) => boolean;
  /** When the keys of a failed batch are tried again. Default: never. */
  readonly retry?: RetryOptions;
  /** Told of each key whose run failed alone, with an error that is not tried again. */
  readonly onGivenUp: (key: K, error: unknown) => void;
  /** Told whenever a key comes that waits already. Default: nobody. */
  readonly onCoalesced?: () => void;
  /** Asked of a key that was given up: whether a further run of it has something else to do. Default: none has. */
  readonly hasMore?: (key: K) => boolean;
}

/** What is done about a key that has come; nothing is held for any other. */
type Progress = 'running' | 'marked' | 'waiting';

/**
 * Runs `run(keys)` for the keys that come, many in a batch, and each in one batch at a time. A key that comes while its
 * own batch is in flight marks it: it is in a batch once more afterwards, however often it came. So after the last time
 * a key came at least one complete run of it starts; and what it does there, it does with what is true by then, provided
 * that `run` looks things up when it is subscribed to and not before.
 *
 * Keys of the same turn, and of the time while as many batches as allowed are in flight, share a batch: the busier it
 * is, the larger the batches are, and a lone key waits for nothing but the end of the turn. With a `pace`, so do keys that
 * come after too many batches in quick succession.
 *
 * A batch that fails with an error that `retry` takes is tried again after a wait, with whatever else came meanwhile; it
 * holds no place until then. One that fails otherwise is divided, until the key at fault stands alone: that one is given
 * up, unless it `hasMore`, and the others are done. The result does not fail, unless the source does.
 *
 * The result completes when the source has completed and nothing runs or waits any more. What it costs: O(1) for each
 * key that comes, and one subscription for each batch, none for a key.
 */
export const coalesceInBatches = <K, R>(
  run: (keys: readonly K[]) => Observable<R>,
  {
    maxSize,
    maxInFlight,
    scheduler,
    pace: paceOptions = { period: 0, burst: 1 },
    isUrgent = () => false,
    retry,
    onGivenUp,
    onCoalesced,
    hasMore = () => false,
  }: CoalesceInBatchesOptions<K>,
): OperatorFunction<K, R> => {
  return (keys$) =>
    new Observable((subscriber) => {
      /** Keys that go into the next batches, first come, first served. */
      const pending = new Set<K>();
      const progress = new Map<K, Progress>();
      /** How often in a row a key was in a batch that failed; only keys that failed last time. */
      const failures = new Map<K, number>();
      const pace = new Pace(paceOptions);
      let inFlight = 0;
      let isStartScheduled = false;
      let isPausing = false;
      let isUrgentPending = false;
      let isSourceComplete = false;

      const mark = (key: K): void => {
        const now = progress.get(key);
        const pendingBefore = pending.size;
        if (now === undefined) enqueue(key);
        else if (now === 'running') progress.set(key, 'marked');
        if (now !== 'running' && pending.size === pendingBefore) onCoalesced?.();
        startAfterTurn();
      };

      const enqueue = (key: K): void => {
        pending.add(key);
        isUrgentPending ||= isUrgent(key);
      };

      const startAfterTurn = (): void => {
        if (isStartScheduled || pending.size === 0 || inFlight >= maxInFlight) return;
        const wait = isPaced() ? pace.waitAt(scheduler.now()) : 0;
        if (wait > 0) startAfterPause(wait);
        else scheduleStart();
      };

      /** Whether what waits may have to wait for company. If not, it does not count for those who come later. */
      const isPaced = (): boolean => !isUrgentPending && !isSourceComplete && pending.size < maxSize;

      const scheduleStart = (): void => {
        isStartScheduled = true;
        // Nobody takes this back: an action that has been executed would stay with the subscriber for ever.
        scheduler.schedule(startBatches);
      };

      const startAfterPause = (wait: number): void => {
        if (isPausing) return;
        isPausing = true;
        const pause = new Subscription();
        subscriber.add(pause);
        pause.add(
          scheduler.schedule(() => {
            subscriber.remove(pause);
            isPausing = false;
            // What is to wait is not reckoned once more: the clock may have been set.
            if (!isStartScheduled) startBatches();
          }, wait),
        );
      };

      const startBatches = (): void => {
        isStartScheduled = false;
        while (pending.size > 0 && inFlight < maxInFlight && !subscriber.closed) {
          inFlight++;
          if (isPaced()) pace.beginAt(scheduler.now());
          runInTurn([takePending()]);
        }
        if (pending.size === 0) isUrgentPending = false;
      };

      const takePending = (): readonly K[] => {
        const keys: K[] = [];
        for (const key of pending) {
          if (keys.length >= maxSize) break;
          pending.delete(key);
          progress.set(key, 'running');
          keys.push(key);
        }
        return keys;
      };

      /** Runs the batches one after the other, in one place; the last one is the next. In a loop: the stack is short. */
      const runInTurn = (batches: (readonly K[])[]): void => {
        while (!subscriber.closed) {
          const keys = batches.pop();
          if (keys === undefined) {
            inFlight--;
            startAfterTurn();
            completeIfDone();
            return;
          }
          if (!runBatch(keys, batches)) return;
        }
      };

      /** Answers whether it is done at once; if not, the others of its place are run when it is. */
      const runBatch = (keys: readonly K[], batches: (readonly K[])[]): boolean => {
        let isDone = false;
        let isLate = false;
        const job = new Subscription();
        subscriber.add(job);
        const leave = (settleKeys: () => void): void => {
          subscriber.remove(job);
          job.unsubscribe();
          settleKeys();
          isDone = true;
          if (isLate) runInTurn(batches);
        };
        job.add(
          defer(() => run(keys)).subscribe({
            next: (value) => {
              subscriber.next(value);
            },
            error: (error: unknown) => {
              leave(() => {
                fail(keys, error, batches);
              });
            },
            complete: () => {
              leave(() => {
                for (const key of keys) settle(key);
              });
            },
          }),
        );
        isLate = true;
        return isDone;
      };

      const settle = (key: K): void => {
        const isMarked = progress.get(key) === 'marked';
        progress.delete(key);
        failures.delete(key);
        if (isMarked) mark(key);
      };

      const fail = (keys: readonly K[], error: unknown, batches: (readonly K[])[]): void => {
        if (retry !== undefined && (retry.retryable?.(error) ?? true)) {
          waitAndTryAgain(keys, retry);
        } else if (keys.length > 1) {
          const middle = keys.length >> 1;
          batches.push(keys.slice(middle), keys.slice(0, middle));
        } else {
          for (const key of keys) {
            onGivenUp(key, error);
            if (hasMore(key)) progress.set(key, 'marked');
            settle(key);
          }
        }
      };

      const waitAndTryAgain = (keys: readonly K[], options: RetryOptions): void => {
        const attempt = 1 + keys.reduce((most, key) => Math.max(most, failures.get(key) ?? 0), 0);
        for (const key of keys) {
          failures.set(key, attempt);
          progress.set(key, 'waiting');
        }
        const wait = new Subscription();
        subscriber.add(wait);
        wait.add(
          retryWait$(attempt, options).subscribe(() => {
            subscriber.remove(wait);
            for (const key of keys) {
              progress.delete(key);
              enqueue(key);
            }
            startAfterTurn();
          }),
        );
      };

      const completeIfDone = (): void => {
        if (isSourceComplete && pending.size === 0 && progress.size === 0) subscriber.complete();
      };

      subscriber.add(
        keys$.subscribe({
          next: mark,
          error: (error: unknown) => {
            subscriber.error(error);
          },
          complete: () => {
            isSourceComplete = true;
            startAfterTurn();
            completeIfDone();
          },
        }),
      );
    });
};
