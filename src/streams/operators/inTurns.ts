import { EMPTY, Observable, type SchedulerLike, defer } from 'rxjs';

/** Milliseconds that work keeps the process from everything else, but for the step in which they are over. */
const turnLength = 4;

/** So many items are worked on between two looks at the clock, unless they are large. */
const defaultStep = 64;

/**
 * Works on one item after the other, for so many milliseconds, and for one step at least. Answers whether that was all.
 *
 * @param milliseconds default: a turn
 */
export const workForOneTurn = <T>(
  items: Iterator<T>,
  work: (item: T) => void,
  scheduler: SchedulerLike,
  { milliseconds = turnLength, step = defaultStep }: { readonly milliseconds?: number; readonly step?: number } = {},
): boolean => {
  const start = scheduler.now();
  for (let count = 1; ; count++) {
    const next = items.next();
    if (next.done === true) return true;
    work(next.value);
    if (count % step === 0 && scheduler.now() - start >= milliseconds) return false;
  }
};

/**
 * Works on all items, beginning in the next turn, and lets everything else come first whenever 4 ms are over.
 *
 * @param step items between two looks at the clock. Default 64
 */
export const inTurns = <T>(
  items: Iterator<T>,
  work: (item: T) => void,
  scheduler: SchedulerLike,
  step = defaultStep,
): Observable<never> =>
  new Observable((subscriber) => {
    const workUnlessOver = (item: T): void => {
      if (!subscriber.closed) work(item);
    };
    return scheduler.schedule(function () {
      try {
        if (workForOneTurn(items, workUnlessOver, scheduler, { step })) subscriber.complete();
        else this.schedule(undefined, 0);
      } catch (error) {
        // Thrown from here, it would be nobody's, and end the process.
        subscriber.error(error);
      }
    }, 0);
  });

/** As `inTurns`, beginning in this turn: what is little is done at once. */
export const inTurnsFromNow = <T>(
  items: Iterator<T>,
  work: (item: T) => void,
  scheduler: SchedulerLike,
  step = defaultStep,
): Observable<never> =>
  defer(() => (workForOneTurn(items, work, scheduler, { step }) ? EMPTY : inTurns(items, work, scheduler, step)));
