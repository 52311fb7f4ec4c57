import { type OperatorFunction, Observable } from 'rxjs';

/** What waits for a receiver: a place that merges what is put into it. */
export interface Conflation<T, R = T> {
  add(value: T): void;
  /** Takes out the next value to hand over; undefined when nothing waits that the receiver must know. */
  take(): R | undefined;
}

/**
 * Merges values while the receiver is not ready. What comes while `ready$` last said false is added to the place that
 * `createConflation` makes, and taken out, value by value, once the receiver is ready again: after each value that is
 * handed over the receiver is asked anew. So what waits is bounded by what the place holds, not by what came.
 *
 * A receiver is ready until `ready$` says otherwise; when `ready$` completes, its last word stays. Without a `ready$` it
 * always is. An error of `ready$`, or one thrown by the place, is an error of the result. What still waits when the source
 * completes is dropped.
 */
export const conflate = <T, R = T>(
  ready$: Observable<boolean> | undefined,
  createConflation: () => Conflation<T, R>,
): OperatorFunction<T, R> => {
  return (source$) =>
    new Observable((subscriber) => {
      const waiting = createConflation();
      let ready = true;
      let handingOver = false;

      const fail = (error: unknown): void => {
        subscriber.error(error);
      };

      const handOver = (): void => {
        // The receiver may answer at once, with a value of its own or by not being ready: the loop below sees both.
        if (handingOver) return;
        handingOver = true;
        try {
          let value: R | undefined;
          while (ready && !subscriber.closed && (value = waiting.take()) !== undefined) subscriber.next(value);
        } catch (error) {
          fail(error);
        }
        handingOver = false;
      };

      if (ready$ !== undefined) {
        subscriber.add(
          ready$.subscribe({
            next: (isReady) => {
              ready = isReady;
              handOver();
            },
            error: fail,
          }),
        );
        if (subscriber.closed) return;
      }
      subscriber.add(
        source$.subscribe({
          next: (value) => {
            waiting.add(value);
            handOver();
          },
          error: fail,
          complete: () => {
            subscriber.complete();
          },
        }),
      );
    });
};
