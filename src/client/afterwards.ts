import { Observable } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';

/** Does something after each value, when its subscriber has returned from `next`; not for one that has unsubscribed there. */
export const afterwards =
  <T>(effect: (value: T) => void): MonoTypeOperatorFunction<T> =>
  (source$) =>
    new Observable((subscriber) =>
      source$.subscribe({
        next: (value) => {
          subscriber.next(value);
          if (!subscriber.closed) effect(value);
        },
        error: (error) => subscriber.error(error),
        complete: () => subscriber.complete(),
      }),
    );
