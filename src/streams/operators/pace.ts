/** How often something may begin. */
export interface PaceOptions {
  /** Milliseconds from one to the next, in the long run. 0: there is no limit. */
  readonly period: number;
  /** So many begin without waiting after it was quiet. */
  readonly burst: number;
}

/**
 * Paces what comes in quick succession, and nothing else: the generic cell rate algorithm (ITU-T I.371), with one number
 * instead of a bucket of tokens. It has no clock: it is told the time, in milliseconds.
 */
export class Pace {
  readonly #period: number;
  /** How far the next one may be ahead of its time. */
  readonly #slack: number;
  /** When the next one would be due if none was ahead of its time. */
  #dueAt = -Infinity;

  constructor({ period, burst }: PaceOptions) {
    this.#period = period;
    this.#slack = (burst - 1) * period;
  }

  /** How long one that would begin now is to wait: never longer than a period, even if the clock was set back. */
  waitAt(now: number): number {
    return Math.min(this.#period, Math.max(0, this.#dueAt - this.#slack - now));
  }

  /** One begins, whether it should have waited or not: that makes the next one wait for a period at most. */
  beginAt(now: number): void {
    this.#dueAt = Math.min(Math.max(this.#dueAt, now), now + this.#slack) + this.#period;
  }
}
