import type { SchedulerLike, Subscription } from 'rxjs';

/** Watches that what is written is taken, one write after the other, each within a time of its own. */
export class WriteDeadline {
  readonly #limit: number;
  readonly #scheduler: SchedulerLike;
  readonly #onMissed: () => void;
  #writing = 0;
  #timer: Subscription | undefined;

  /**
   * @param limit milliseconds for one write
   * @param onMissed called once, when a write has taken longer
   */
  constructor(limit: number, scheduler: SchedulerLike, onMissed: () => void) {
    this.#limit = limit;
    this.#scheduler = scheduler;
    this.#onMissed = onMissed;
  }

  /** Something is still being written. */
  get isWriting(): boolean {
    return this.#writing > 0;
  }

  /** A write begins, behind those under way. */
  begin(): void {
    this.#writing++;
    this.#timer ??= this.#start();
  }

  /** The oldest write is done. */
  done(): void {
    this.#writing--;
    this.#timer?.unsubscribe();
    this.#timer = this.#writing > 0 ? this.#start() : undefined;
  }

  /** Nothing is waited for any more. */
  cancel(): void {
    this.#timer?.unsubscribe();
    this.#timer = undefined;
  }

  #start(): Subscription {
    return this.#scheduler.schedule(() => {
      this.#onMissed();
    }, this.#limit);
  }
}
