import type { Uuid } from '../db/store.js';

/** More than a coordinator has connections. */
const mostSenders = 64;

/**
 * Hints that are still to come and say nothing more: what they are about was told before. Each is one hint, about one
 * peer, by one sender. Everything costs O(1) but `size`. What is held is an id for each of them, as it is given, of no more
 * than so many senders: where hints never come, the oldest are forgotten.
 */
export class ToldHints {
  readonly #peers = new Map<number, Set<Uuid>>();

  /** What this sender will say next of this peer is told. Where it is not known who says it, it cannot be told apart. */
  expect(sender: number | undefined, peerId: Uuid): void {
    if (sender === undefined) return;
    const peers = this.#peers.get(sender);
    if (peers !== undefined) {
      peers.add(peerId);
      return;
    }
    for (const oldest of this.#peers.keys()) {
      if (this.#peers.size < mostSenders) break;
      this.#peers.delete(oldest);
    }
    this.#peers.set(sender, new Set([peerId]));
  }

  /** A hint has come: whether it is one of these. The next one is not. */
  take(sender: number | undefined, peerId: Uuid): boolean {
    if (sender === undefined) return false;
    const peers = this.#peers.get(sender);
    if (peers?.delete(peerId) !== true) return false;
    if (peers.size === 0) this.#peers.delete(sender);
    return true;
  }

  /** Whatever was to come from this sender has come, or never will. */
  forgetSender(sender: number | undefined): void {
    if (sender !== undefined) this.#peers.delete(sender);
  }

  /** Nothing is known of what is still to come. */
  clear(): void {
    this.#peers.clear();
  }

  /** How many hints are still to come. */
  get size(): number {
    let size = 0;
    for (const peers of this.#peers.values()) size += peers.size;
    return size;
  }
}
