import { type MonoTypeOperatorFunction, Observable, Subscription } from 'rxjs';

/**
 * Subscribes to the source again each time it completes, for as long as the condition holds then; otherwise completes,
 * too. A run is torn down before anything else happens. Sources that complete at once are repeated in a loop: however
 * often, the stack does not grow.
 */
export const repeatWhile =
  <T>(condition: () => boolean): MonoTypeOperatorFunction<T> =>
  (source$) =>
    new Observable((subscriber) => {
      let isStarting = false;
      let run = Subscription.EMPTY;

      /** Runs the source until it takes its time, or is done. */
      const start = (): void => {
        let isOver: boolean;
        do {
          isOver = false;
          isStarting = true;
          run = source$.subscribe({
            next: (value) => {
              subscriber.next(value);
            },
            error: (error: unknown) => {
              subscriber.error(error);
            },
            complete: () => {
              if (isStarting) {
                isOver = true;
                return;
              }
              run.unsubscribe();
              if (condition()) start();
              else subscriber.complete();
            },
          });
          isStarting = false;
          subscriber.add(run);
        } while (isDone() && condition());
        if (isDone()) subscriber.complete();

        // A function, because the compiler does not see what happens while the source is subscribed to.
        function isDone(): boolean {
          return isOver && !subscriber.closed;
        }
      };

      start();
    });
