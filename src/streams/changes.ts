import type { Uuid } from '../db/store.js';
import type { Conflation } from './operators/conflate.js';

/** What may concern a connection, without saying what has become of it: that is looked up when it can be told. */
export interface Changes {
  /** Peers that may look different now. */
  readonly peers: readonly Uuid[];
  /** Peers that are ready for a handshake with this one. */
  readonly ready: readonly Uuid[];
}

const none: readonly Uuid[] = [];

export const peersChanged = (peers: readonly Uuid[]): Changes => ({ peers, ready: none });
export const peerIsReady = (peerId: Uuid): Changes => ({ peers: none, ready: [peerId] });

/** Merges changes by peer, so that what waits is bounded by the peers there are; hands out `limit` peers at a time. */
export class ConflatedChanges implements Conflation<Changes> {
  readonly #limit: number;
  /** What came while nothing else waited. Mostly it is taken before anything else comes, and needs no sets. */
  #only: Changes | undefined;
  #merged: { readonly peers: Set<Uuid>; readonly ready: Set<Uuid> } | undefined;

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(changes: Changes): void {
    const size = changes.peers.length + changes.ready.length;
    if (size === 0) return;
    if (this.#only === undefined && this.#merged === undefined && size <= this.#limit) {
      this.#only = changes;
      return;
    }
    const merged = (this.#merged ??= { peers: new Set(), ready: new Set() });
    if (this.#only !== undefined) merge(merged, this.#only);
    this.#only = undefined;
    merge(merged, changes);
  }

  take(): Changes | undefined {
    const only = this.#only;
    if (only !== undefined) {
      this.#only = undefined;
      return only;
    }
    if (this.#merged === undefined) return undefined;
    const { peers, ready } = this.#merged;
    const takenPeers = takeFrom(peers, this.#limit);
    const takenReady = takeFrom(ready, this.#limit - takenPeers.length);
    if (peers.size + ready.size === 0) this.#merged = undefined;
    return { peers: takenPeers, ready: takenReady };
  }
}

const merge = (into: { readonly peers: Set<Uuid>; readonly ready: Set<Uuid> }, changes: Changes): void => {
  for (const peerId of changes.peers) into.peers.add(peerId);
  for (const peerId of changes.ready) into.ready.add(peerId);
};

const takeFrom = (set: Set<Uuid>, limit: number): readonly Uuid[] => {
  const taken: Uuid[] = [];
  for (const id of set) {
    if (taken.length >= limit) break;
    taken.push(id);
    set.delete(id);
  }
  return taken;
};
