/** So many arrivals are waited for; it is reached with the last of them. A {@link Watchdog} makes and watches them. */
export class Milestone {
  /** The time of the last arrival; undefined when it was given up, or the last arrival came after the deadline. */
  readonly reached: Promise<number | undefined>;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly #onOver: (milestone: Milestone) => void;
  readonly #onArrival: ((at: number) => void) | undefined;
  #missing: number;
  #resolve: (at: number | undefined) => void = () => undefined;

  constructor(
    count: number,
    deadline: number,
    onOver: (milestone: Milestone) => void,
    onArrival?: (at: number) => void,
  ) {
    this.#missing = count;
    this.deadline = deadline;
    this.#onOver = onOver;
    this.#onArrival = onArrival;
    this.reached = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Arrivals that have not come. */
  get missing(): number {
    return this.#missing;
  }

  arrive(at: number): void {
    // Given up meanwhile; nobody waits any more.
    if (this.#missing <= 0) return;
    this.#missing--;
    this.#onArrival?.(at);
    if (this.#missing === 0) this.#end(at <= this.deadline ? at : undefined);
  }

  giveUp(): void {
    if (this.#missing <= 0) return;
    this.#missing = 0;
    this.#end(undefined);
  }

  #end(at: number | undefined): void {
    this.#onOver(this);
    this.#resolve(at);
  }
}
