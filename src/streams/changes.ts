import type { Uuid } from '../db/store.js';
import type { Conflation } from './operators/conflate.js';

/** What may concern a connection, without saying what has become of it: that is looked up when it can be told. */
export interface Changes {
  /** Peers that may look different now. */
  readonly peers: Iterable<Uuid>;
  /** Peers that are ready for a handshake with this one. */
  readonly ready: Iterable<Uuid>;
}

const none: readonly Uuid[] = [];

export const peersChanged = (peers: Iterable<Uuid>): Changes => ({ peers, ready: none });
export const peerIsReady = (peerId: Uuid): Changes => ({ peers: none, ready: [peerId] });

/** Merges changes by peer, so that what waits is bounded by the peers there are; hands out `limit` peers at a time. */
export const conflateChanges = (limit: number): Conflation<Changes> => {
  const peers = new Set<Uuid>();
  const ready = new Set<Uuid>();
  return {
    add: (changes) => {
      for (const peerId of changes.peers) peers.add(peerId);
      for (const peerId of changes.ready) ready.add(peerId);
    },
    take: () => {
      if (peers.size + ready.size === 0) return undefined;
      const takenPeers = takeFrom(peers, limit);
      return { peers: takenPeers, ready: takeFrom(ready, limit - takenPeers.length) };
    },
  };
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
