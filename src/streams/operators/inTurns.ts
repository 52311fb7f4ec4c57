import { EMPTY, Observable, type SchedulerLike, defer } from 'rxjs';

/** Milliseconds that work keeps the process from everything else. */
const turnLength = 4;

/** So many items are worked on between two looks at the clock. */
const step = 64;

/**
 * Works on one item after the other, for so many milliseconds, and for one step at least. Answers whether that was all.
 *
 * @param milliseconds default: a turn
 */
export const workForOneTurn = <T>(
  items: Iterator<T>,
  work: (item: T) => void,
  scheduler: SchedulerLike,
  milliseconds = turnLength,
): boolean => {
  const start = scheduler.now();
  for (let count = 1; ; count++) {
    const next = items.next();
    if (next.done === true) return true;
    work(next.value);
    if (count % step === 0 && scheduler.now() - start >= milliseconds) return false;
  }
};

/** Works on all items, beginning in the next turn, and lets everything else come first whenever 4 ms are over. */
export const inTurns = <T>(items: Iterator<T>, work: (item: T) => void, scheduler: SchedulerLike): Observable<never> =>
  new Observable((subscriber) =>
    scheduler.schedule(function () {
      if (workForOneTurn(items, work, scheduler)) subscriber.complete();
      else this.schedule(undefined, 0);
    }, 0),
  );

/** As `inTurns`, beginning in this turn: what is little is done at once. */
export const inTurnsFromNow = <T>(
  items: Iterator<T>,
  work: (item: T) => void,
  scheduler: SchedulerLike,
): Observable<never> => defer(() => (workForOneTurn(items, work, scheduler) ? EMPTY : inTurns(items, work, scheduler)));
