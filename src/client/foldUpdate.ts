import type { CoordinateResponse_PeerUpdate } from '../proto/gen/tailnet.js';
import { PeerUpdateKind, peerIdOf } from '../proto/responses.js';
import type { Uuid } from '../proto/uuid.js';
import type { PeerChange, RemotePeer } from './tailnetState.js';

/** What is known of the peers, to be changed while a response is folded. */
export interface PeersDraft {
  readonly peers: Map<Uuid, RemotePeer>;
  /** Peers that said that they are ready for our handshake before their node came. */
  readonly readyEarly: Set<Uuid>;
}

/**
 * Takes in one update, as the table in docs/protocol.md says. `now` is in milliseconds. Returns what has changed; nothing
 * for a peer that is not known, or an update of a kind that is not known.
 *
 * @throws RangeError `a UUID has 16 bytes, got 3`
 */
export function foldUpdate(
  { peers, readyEarly }: PeersDraft,
  update: CoordinateResponse_PeerUpdate,
  now: number,
): PeerChange | undefined {
  const id = peerIdOf(update);
  const { kind, node, reason } = update;
  const known = peers.get(id);
  switch (kind) {
    case PeerUpdateKind.NODE: {
      if (!node) return undefined;
      const isReadyForHandshake = readyEarly.delete(id) || known?.isReadyForHandshake === true;
      const peer: RemotePeer = { id, node, status: 'ok', isReadyForHandshake };
      peers.set(id, peer);
      return { kind: 'node', id, peer, reason };
    }
    case PeerUpdateKind.LOST:
      return known?.status === 'ok' ? lose(peers, known, now, reason) : undefined;
    case PeerUpdateKind.DISCONNECTED:
      readyEarly.delete(id);
      return known && remove(peers, known, 'disconnected', reason);
    case PeerUpdateKind.READY_FOR_HANDSHAKE: {
      if (!known) readyEarly.add(id);
      if (!known || known.isReadyForHandshake) return undefined;
      const peer: RemotePeer = { ...known, isReadyForHandshake: true };
      peers.set(id, peer);
      return { kind: 'readyForHandshake', id, peer, reason };
    }
    default:
      return undefined;
  }
}

/** A peer that is kept although nobody knows where it is now. */
export function lose(peers: Map<Uuid, RemotePeer>, known: RemotePeer, now: number, reason: string): PeerChange {
  const peer: RemotePeer = { ...known, status: 'lost', lostSince: now };
  peers.set(peer.id, peer);
  return { kind: 'lost', id: peer.id, peer, reason };
}

/** A peer that is there no more. */
export function remove(
  peers: Map<Uuid, RemotePeer>,
  peer: RemotePeer,
  kind: 'disconnected' | 'expired',
  reason: string,
): PeerChange {
  peers.delete(peer.id);
  return { kind, id: peer.id, peer, reason };
}
