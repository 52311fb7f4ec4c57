/**
 * Since when something has been going on, for each of many keys. What is never stopped, because what it waited for never
 * came, is forgotten when others need its place: it holds `max` keys at most.
 */
export class Stopwatch {
  readonly #now: () => number;
  readonly #max: number;
  readonly #since = new Map<string, number>();

  /** @param now milliseconds */
  constructor(now: () => number, max = 10_000) {
    this.#now = now;
    this.#max = max;
  }

  /** Starts for a key, unless it runs already. */
  start(key: string): void {
    if (this.#since.has(key)) return;
    this.#since.set(key, this.#now());
    if (this.#since.size <= this.#max) return;
    for (const oldest of this.#since.keys()) {
      this.#since.delete(oldest);
      break;
    }
  }

  /** Stops for a key. Seconds; undefined if it did not run. */
  stop(key: string): number | undefined {
    const since = this.#since.get(key);
    if (since === undefined) return undefined;
    this.#since.delete(key);
    return (this.#now() - since) / 1000;
  }

  /** Stops for a key, for which nobody wants to know the time. */
  forget(key: string): void {
    this.#since.delete(key);
  }

  /** The same for all. */
  forgetAll(): void {
    this.#since.clear();
  }

  /** For how many keys it runs. */
  get size(): number {
    return this.#since.size;
  }
}
