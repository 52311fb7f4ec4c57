import {
  type SchedulerLike,
  type Subscriber,
  EMPTY,
  Observable,
  Subscription,
  asapScheduler,
  catchError,
  concat,
  defaultIfEmpty,
  defer,
  finalize,
  ignoreElements,
  tap,
} from 'rxjs';

export interface BatchOptions {
  /** Items in one batch. */
  readonly maxSize: number;
  /** Batches in flight at the same time; what comes meanwhile is collected. */
  readonly maxInFlight: number;
  /** On which one turn is waited for, so that the calls of this turn share a batch. Default `asapScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Whether a batch that failed so is tried again in halves, until the item at fault stands alone. Default: never. */
  readonly divisible?: (error: unknown) => boolean;
}

interface Call<T, R> {
  readonly item: T;
  readonly subscriber: Subscriber<R>;
}

/**
 * Turns a function over many items into one over a single item. Calls of the same turn, and of the time while as many
 * batches as allowed are in flight, share a batch. So the busier it is, the larger the batches are; a lone call waits
 * for nothing but the end of the turn.
 *
 * `runBatch` answers with one result for each item, in their order. A batch's error is the error of each of its items,
 * but for those that `divisible` saves. A call that is unsubscribed before its batch starts is left out; a batch that
 * nobody waits for any more is unsubscribed.
 */
export const batched = <T, R>(
  runBatch: (items: readonly T[]) => Observable<readonly R[]>,
  { maxSize, maxInFlight, scheduler = asapScheduler, divisible = () => false }: BatchOptions,
): ((item: T) => Observable<R>) => {
  let waiting: Call<T, R>[] = [];
  let inFlight = 0;
  let startScheduled = false;

  const run = (batch: readonly Call<T, R>[]): Observable<never> =>
    defer(() => {
      // Of a half, some may have left while the whole was in flight.
      const calls = batch.filter(isWaitedFor);
      return calls.length === 0 ? EMPTY : answer(calls);
    });

  const answer = (calls: readonly Call<T, R>[]): Observable<never> =>
    defer(() => runBatch(calls.map(({ item }) => item))).pipe(
      defaultIfEmpty<readonly R[], readonly R[]>([]),
      tap((results) => {
        if (results.length !== calls.length) {
          throw new RangeError(`a batch of ${String(calls.length)} items got ${String(results.length)} results`);
        }
        calls.forEach(({ subscriber }, index) => {
          subscriber.next(results[index] as R);
          subscriber.complete();
        });
      }),
      ignoreElements(),
      catchError((error: unknown) => {
        if (calls.length > 1 && divisible(error)) {
          const middle = calls.length >> 1;
          return concat(run(calls.slice(0, middle)), run(calls.slice(middle)));
        }
        for (const { subscriber } of calls) subscriber.error(error);
        return EMPTY;
      }),
    );

  const startBatches = (): void => {
    startScheduled = false;
    waiting = waiting.filter(isWaitedFor);
    while (waiting.length > 0 && inFlight < maxInFlight) {
      const calls = waiting.splice(0, maxSize);
      let waitedFor = calls.length;
      inFlight++;
      const batch = new Subscription();
      for (const { subscriber } of calls) {
        subscriber.add(() => {
          if (--waitedFor === 0) batch.unsubscribe();
        });
      }
      batch.add(
        run(calls)
          .pipe(
            finalize(() => {
              inFlight--;
              startAfterTurn();
            }),
          )
          .subscribe(),
      );
    }
  };

  const startAfterTurn = (): void => {
    if (startScheduled || waiting.length === 0 || inFlight >= maxInFlight) return;
    startScheduled = true;
    scheduler.schedule(startBatches);
  };

  return (item) =>
    new Observable((subscriber) => {
      waiting.push({ item, subscriber });
      startAfterTurn();
    });
};

const isWaitedFor = ({ subscriber }: Call<unknown, never>): boolean => !subscriber.closed;
