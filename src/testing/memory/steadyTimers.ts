import { type SchedulerAction, type SchedulerLike, Subscription, asyncScheduler } from 'rxjs';

/** Real clocks are past this; virtual ones start at zero. The year 2001, in milliseconds. */
const realTime = 1e12;

/**
 * `asyncScheduler`, but for one thing: inside `testScheduler.run()` it never takes a timer back. What was cancelled does
 * nothing when its time comes. RxJS puts timers of its own in the place of `setInterval` there, and these fail with
 * "Expected a due immediate or interval" when one is cancelled in the millisecond in which it is due, while another one
 * is, too: latencies of a database meet the time limits of its callers that way.
 */
export const steadyTimers: SchedulerLike = {
  now: () => asyncScheduler.now(),
  schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription => {
    if (asyncScheduler.now() > realTime) return asyncScheduler.schedule(work, delay, state);
    return new SteadyAction(work).schedule(state, delay);
  },
};

class SteadyAction<T> extends Subscription implements SchedulerAction<T> {
  readonly #work: (this: SchedulerAction<T>, state?: T) => void;
  /** Runs that were asked for and have not begun. */
  #outstanding = 0;

  constructor(work: (this: SchedulerAction<T>, state?: T) => void) {
    super();
    this.#work = work;
  }

  schedule(state?: T, delay = 0): Subscription {
    this.#outstanding++;
    asyncScheduler.schedule(() => {
      if (this.closed) return;
      this.#outstanding--;
      this.#work.call(this, state);
      if (this.#outstanding === 0) this.unsubscribe();
    }, delay);
    return this;
  }
}
