import type { SchedulerLike } from 'rxjs';

/** Somebody who holds something back until it is its turn. */
export interface Waiting {
  takeTurn(): void;
}

/** So many messages are sent without a pause: what takes a processor a few milliseconds. */
const messagesPerTurn = 125;

/**
 * Sees to it that what one update sets in motion does not keep the process from everything else. When a peer with ten
 * thousand watchers has news, sending it to all of them takes as many system calls; so after each turn the others of
 * this process come first, its heartbeats among them.
 */
export class SendingTurns {
  readonly #scheduler: SchedulerLike;
  readonly #waiting = new Set<Waiting>();
  #left = messagesPerTurn;
  #isScheduled = false;

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
  }

  /** Whether a message may be sent in this turn. If not, whoever asks waits for the next. */
  admits(sender: Waiting): boolean {
    this.#scheduleNext();
    if (this.#left > 0) {
      this.#left--;
      return true;
    }
    this.wait(sender);
    return false;
  }

  /** Asks for one turn, behind those who wait already. */
  wait(sender: Waiting): void {
    this.#waiting.add(sender);
    this.#scheduleNext();
  }

  #scheduleNext(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#scheduler.schedule(() => {
      this.#isScheduled = false;
      this.#begin();
    }, 0);
  }

  #begin(): void {
    this.#left = messagesPerTurn;
    for (const sender of this.#waiting) {
      if (this.#left === 0) break;
      this.#left--;
      this.#waiting.delete(sender);
      sender.takeTurn();
    }
    if (this.#waiting.size > 0) this.#scheduleNext();
  }
}
