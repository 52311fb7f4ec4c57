/** More than a coordinator has connections. */
const mostSenders = 64;

/**
 * Hints that are still to come and say nothing more: what they are about was told before. Each is one hint, about one
 * thing (a peer, or a tunnel as `src,dst`), by one sender. Everything costs O(1) but `size`. What is held is a text for
 * each of them, as it is given, of no more than so many senders: where hints never come, the oldest are forgotten.
 */
export class ToldHints {
  readonly #about = new Map<number, Set<string>>();

  /** What this sender will say next of this is told. Where it is not known who says it, it cannot be told apart. */
  expect(sender: number | undefined, what: string): void {
    if (sender === undefined) return;
    const about = this.#about.get(sender);
    if (about !== undefined) {
      about.add(what);
      return;
    }
    for (const oldest of this.#about.keys()) {
      if (this.#about.size < mostSenders) break;
      this.#about.delete(oldest);
    }
    this.#about.set(sender, new Set([what]));
  }

  /** A hint has come: whether it is one of these. The next one is not. */
  take(sender: number | undefined, what: string): boolean {
    if (sender === undefined) return false;
    const about = this.#about.get(sender);
    if (about?.delete(what) !== true) return false;
    if (about.size === 0) this.#about.delete(sender);
    return true;
  }

  /** Whatever was to come from this sender has come, or never will. */
  forgetSender(sender: number | undefined): void {
    if (sender !== undefined) this.#about.delete(sender);
  }

  /** Nothing is known of what is still to come. */
  clear(): void {
    this.#about.clear();
  }

  /** How many hints are still to come. */
  get size(): number {
    let size = 0;
    for (const about of this.#about.values()) size += about.size;
    return size;
  }
}
