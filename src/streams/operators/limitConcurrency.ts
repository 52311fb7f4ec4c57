import { type MonoTypeOperatorFunction, Observable } from 'rxjs';

/**
 * Makes an operator under which at most `limit` sources run at the same time; the others wait for their turn, first
 * come, first served. A source holds its place from subscription until it ends or is unsubscribed.
 */
export const limitConcurrency = (limit: number): (<T>() => MonoTypeOperatorFunction<T>) => {
  let running = 0;
  const waiting = new Set<() => void>();

  const leave = (): void => {
    running--;
    for (const start of waiting) {
      waiting.delete(start);
      start();
      return;
    }
  };

  return () => (source$) =>
    new Observable((subscriber) => {
      const start = (): void => {
        running++;
        source$.subscribe(subscriber);
        // Added last, so that a source is torn down before the next one starts. If it has ended by now, this leaves at once.
        subscriber.add(leave);
      };
      if (running < limit) {
        start();
        return;
      }
      waiting.add(start);
      subscriber.add(() => waiting.delete(start));
    });
};
