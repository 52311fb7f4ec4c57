/**
 * How much a connection may still send, counted in messages or in bytes: a token bucket that can go into debt.
 *
 * What has been read already cannot be given back, so it is always taken; what is over the limit is paid by not reading
 * for a while. Nothing is queued, and on average the rate holds.
 */
export class RequestBudget {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /**
   * @param perSecond so many a second; `Infinity` for no limit
   * @param burst so many at once, after a time of silence
   * @param now milliseconds
   */
  constructor(perSecond: number, burst: number, now: number) {
    this.#rate = perSecond / 1000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Pays for what was read. False: read no further before {@link wait} is over. */
  spend(now: number, cost = 1): boolean {
    this.#earn(now);
    this.#tokens -= cost;
    return this.#tokens >= 0;
  }

  /** Milliseconds until there is enough for a tenth of a second again, so that reading does not start for every single message. */
  wait(now: number): number {
    this.#earn(now);
    const missing = Math.max(1, Math.min(this.#burst, this.#rate * 100)) - this.#tokens;
    return missing <= 0 ? 0 : Math.ceil(missing / this.#rate);
  }

  #earn(now: number): void {
    const elapsed = now - this.#at;
    this.#at = now;
    // A clock that was set back earns nothing.
    if (elapsed > 0) this.#tokens = Math.min(this.#burst, this.#tokens + elapsed * this.#rate);
  }
}
