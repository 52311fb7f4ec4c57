import type { Uuid } from '../db/store.js';

/** Tunnels of one source that it has removed, by their far ends, oldest first, each until a time of its own. */
export class Removals {
  readonly #until = new Map<Uuid, number>();

  /** Remembers these until then, and nothing any more whose time has come. */
  remember(removed: readonly Uuid[], now: number, until: number): void {
    for (const [dst, end] of this.#until) {
      if (end > now) break;
      this.#until.delete(dst);
    }
    for (const dst of removed) {
      this.#until.delete(dst);
      this.#until.set(dst, until);
    }
  }

  /** Forgets these. Returns whether there were any of them. */
  forget(opened: readonly Uuid[]): boolean {
    const { size } = this.#until;
    for (const dst of opened) this.#until.delete(dst);
    return this.#until.size < size;
  }

  /** Those whose time has not come. */
  *at(now: number): Iterable<Uuid> {
    for (const [dst, end] of this.#until) if (end > now) yield dst;
  }

  /** How many are held, whether or not their time has come. */
  get size(): number {
    return this.#until.size;
  }
}
