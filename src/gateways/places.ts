import { Observable } from 'rxjs';
import type { SchedulerLike } from 'rxjs';

/** So many begin without a pause: what takes a processor a few milliseconds. */
const beginningsPerTurn = 32;

/**
 * Places for work that comes in bursts, given out in the order in which they are asked for. After so many in a turn the
 * others of this process come first. While there are free ones and the turn is not over, work begins at once.
 */
export class Places {
  readonly #scheduler: SchedulerLike;
  readonly #waiting = new Set<() => void>();
  #free: number;
  #left = beginningsPerTurn;
  #isScheduled = false;

  /** @param count so much work may be under way at the same time */
  constructor(count: number, scheduler: SchedulerLike) {
    this.#free = count;
    this.#scheduler = scheduler;
  }

  /** How many wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Subscribes to the work when a place is free, which it then has until it ends. Who is unsubscribed waits no more. */
  hold<T>(work$: Observable<T>): Observable<T> {
    return new Observable((subscriber) => {
      const begin = (): void => {
        this.#waiting.delete(begin);
        this.#free--;
        this.#left--;
        this.#scheduleNext();
        subscriber.add(() => {
          this.#free++;
          this.#beginNext();
        });
        subscriber.add(work$.subscribe(subscriber));
      };
      this.#waiting.add(begin);
      subscriber.add(() => this.#waiting.delete(begin));
      this.#beginNext();
    });
  }

  #beginNext(): void {
    // Work that ends at once begins the next from within: nobody is overtaken, for only the first is ever taken.
    const [first] = this.#waiting;
    if (first !== undefined && this.#free > 0 && this.#left > 0) first();
  }

  #scheduleNext(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#scheduler.schedule(() => {
      this.#isScheduled = false;
      this.#left = beginningsPerTurn;
      while (this.#mayBegin()) this.#beginNext();
    }, 0);
  }

  #mayBegin(): boolean {
    return this.#waiting.size > 0 && this.#free > 0 && this.#left > 0;
  }
}
