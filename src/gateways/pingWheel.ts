import { interval } from 'rxjs';
import type { SchedulerLike, Subscription } from 'rxjs';

/** Something at the far end of a wire, which may be dead without anybody having said so. */
export interface Probed {
  /** Asks for a sign of life, if there was one since the last question. False: there was none, for too long. */
  probe(): boolean;
  /** There was a sign of life in the meantime. */
  alive(): boolean;
  terminate(): void;
}

/** Into how many parts a period is divided, so that a fleet is not asked all at once. */
const slotCount = 64;

/** So many parts of a period lie between suspicion and verdict. */
const grace = 4;

/**
 * Asks everybody once in each period, and terminates who does not answer until the next: one timer for all, which runs
 * only while somebody is there.
 *
 * The verdict falls a sixteenth of a period after the suspicion. After a stall of this process timers run before sockets
 * are read; what waits in the sockets by then still counts.
 */
export class PingWheel {
  readonly #slots: readonly Set<Probed>[] = Array.from({ length: slotCount }, () => new Set<Probed>());
  readonly #period: number;
  readonly #scheduler: SchedulerLike;
  /** Who is suspected since which tick, oldest first. */
  #suspects: (readonly Probed[])[] = [];
  #current = 0;
  #next = 0;
  #count = 0;
  #ticks: Subscription | undefined;

  /** @param period milliseconds from one question to the next */
  constructor(period: number, scheduler: SchedulerLike) {
    this.#period = period;
    this.#scheduler = scheduler;
  }

  /** Watches until the returned function is called. */
  watch(probed: Probed): () => void {
    // Round robin, so that those who came at once are not asked at once.
    const slot = this.#slots[this.#next];
    this.#next = (this.#next + 1) % slotCount;
    slot?.add(probed);
    this.#count++;
    this.#ticks ??= interval(this.#period / slotCount, this.#scheduler).subscribe(() => {
      this.#tick();
    });
    return () => {
      if (!slot?.delete(probed)) return;
      this.#count--;
      if (this.#count > 0) return;
      this.#ticks?.unsubscribe();
      this.#ticks = undefined;
      this.#suspects = [];
    };
  }

  #tick(): void {
    const accused = this.#suspects.length < grace ? [] : (this.#suspects.shift() ?? []);
    for (const suspect of accused) if (!suspect.alive()) suspect.terminate();
    const slot = this.#slots[this.#current];
    this.#current = (this.#current + 1) % slotCount;
    this.#suspects.push([...(slot ?? [])].filter((probed) => !probed.probe()));
  }
}
