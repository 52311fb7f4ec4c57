import { type Observer, type OperatorFunction, type Subscriber, Observable, Subscription } from 'rxjs';
import type { Telemetry } from '../../telemetry.js';

/** What waits for a receiver: a place that merges what is put into it. */
export interface Conflation<T, R = T> {
  add(value: T): void;
  /** Takes out the next value to hand over; undefined when nothing waits that the receiver must know. */
  take(): R | undefined;
}

/** Who is told how a receiver keeps up. */
export type ReceiverTelemetry = Pick<Telemetry, 'now' | 'changesConflated' | 'receiverStopped' | 'receiverResumed'>;

/**
 * Merges values while the receiver is not ready. What comes while `ready$` last said false is added to the place that
 * `createConflation` makes, and taken out, value by value, once the receiver is ready again: after each value that is
 * handed over the receiver is asked anew. So what waits is bounded by what the place holds, not by what came.
 *
 * A receiver is ready until `ready$` says otherwise; when `ready$` completes, its last word stays. Without a `ready$` it
 * always is. An error of `ready$`, or one thrown by the place, is an error of the result, unless `lastWord` makes a value
 * of it that is handed over last. What still waits when the source completes is dropped.
 *
 * `telemetry` is told how the receiver keeps up. Default: nobody, and nothing is held for it.
 */
export const conflate = <T, R = T>(
  ready$: Observable<boolean> | undefined,
  createConflation: () => Conflation<T, R>,
  lastWord?: (error: unknown) => R,
  telemetry?: ReceiverTelemetry,
): OperatorFunction<T, R> => {
  return (source$) =>
    new Observable((subscriber) => {
      const outlet = new Outlet(createConflation(), subscriber, lastWord, telemetry);
      if (ready$ !== undefined) {
        subscriber.add(
          ready$.subscribe({
            next: (isReady) => {
              outlet.setReady(isReady);
            },
            error: (error: unknown) => {
              outlet.error(error);
            },
          }),
        );
      }
      if (!subscriber.closed) subscriber.add(source$.subscribe(outlet));
    });
};

/** One object, for each connection has one. */
class Outlet<T, R> implements Observer<T> {
  readonly #waiting: Conflation<T, R>;
  readonly #receiver: Subscriber<R>;
  readonly #lastWord: ((error: unknown) => R) | undefined;
  readonly #telemetry: ReceiverTelemetry | undefined;
  #isReady = true;
  #isHandingOver = false;
  /** Ends when the receiver is ready again, or gone. Undefined while it is ready, and when nobody is told. */
  #wait: Subscription | undefined;

  constructor(
    waiting: Conflation<T, R>,
    receiver: Subscriber<R>,
    lastWord: ((error: unknown) => R) | undefined,
    telemetry: ReceiverTelemetry | undefined,
  ) {
    this.#waiting = waiting;
    this.#receiver = receiver;
    this.#lastWord = lastWord;
    this.#telemetry = telemetry;
  }

  next(value: T): void {
    if (!this.#isReady) this.#telemetry?.changesConflated();
    this.#waiting.add(value);
    this.#handOver();
  }

  setReady(isReady: boolean): void {
    this.#isReady = isReady;
    if (this.#telemetry !== undefined) this.#noteReady(isReady, this.#telemetry);
    this.#handOver();
  }

  #noteReady(isReady: boolean, telemetry: ReceiverTelemetry): void {
    if (isReady) {
      this.#wait?.unsubscribe();
      this.#wait = undefined;
    } else if (this.#wait === undefined) {
      const since = telemetry.now();
      telemetry.receiverStopped();
      this.#wait = new Subscription(() => {
        telemetry.receiverResumed(telemetry.now() - since);
      });
      this.#receiver.add(this.#wait);
    }
  }

  error(error: unknown): void {
    if (this.#lastWord === undefined) {
      this.#receiver.error(error);
    } else if (!this.#receiver.closed) {
      this.#receiver.next(this.#lastWord(error));
      this.#receiver.complete();
    }
  }

  complete(): void {
    this.#receiver.complete();
  }

  #handOver(): void {
    // The receiver may answer at once, with a value of its own or by not being ready: the loop below sees both.
    if (this.#isHandingOver) return;
    this.#isHandingOver = true;
    try {
      let value: R | undefined;
      while (this.#isReady && !this.#receiver.closed && (value = this.#waiting.take()) !== undefined) {
        this.#receiver.next(value);
      }
    } catch (error) {
      this.error(error);
    }
    this.#isHandingOver = false;
  }
}
