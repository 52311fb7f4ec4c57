import { Milestone } from './milestone.js';

/** Milliseconds from one look at the deadlines to the next; a milestone is given up so much later at most. */
const period = 250;

/**
 * Watches the deadlines of all that is waited for, with one timer for all: a timer for each of tens of thousands of
 * updates a second would be measured along with them. Nothing ticks while nothing is waited for.
 */
export class Watchdog {
  readonly #pending = new Set<Milestone>();
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;

  constructor(now = () => performance.now()) {
    this.#now = now;
  }

  /** Milestones that are neither reached nor given up. */
  get pending(): number {
    return this.#pending.size;
  }

  /**
   * A milestone that counts from now.
   *
   * @param patience milliseconds after which it is given up
   * @param onArrival told of each arrival
   */
  expect(count: number, patience: number, onArrival?: (at: number) => void): Milestone {
    const now = this.#now();
    const milestone = new Milestone(Math.max(1, count), now + patience, this.#forget, onArrival);
    this.#pending.add(milestone);
    // Nothing is missing from the start.
    if (count <= 0) milestone.arrive(now);
    if (this.#timer === undefined) this.#timer = setTimeout(this.#look, period);
    return milestone;
  }

  /** Gives up what is late. */
  lookAt(now: number): void {
    for (const milestone of this.#pending) if (now > milestone.deadline) milestone.giveUp();
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    this.lookAt(this.#now());
    if (this.#pending.size > 0) this.#timer = setTimeout(this.#look, period);
  };

  readonly #forget = (milestone: Milestone): void => {
    this.#pending.delete(milestone);
  };
}
