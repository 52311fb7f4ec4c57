import type { CoordinateResponse, Node } from '../proto/gen/tailnet.js';
import type { Uuid } from '../proto/uuid.js';
import type { ConnectionEnd } from './transport.js';

/** A peer that this one shares a tunnel with. */
export interface RemotePeer {
  /** Its UUID. */
  readonly id: Uuid;
  /** The last node that is known of it. */
  readonly node: Node;
  /**
   * `lost`: the connection of one of the two to its coordinator broke. What is configured for it stays, for the tunnel
   * may work as before.
   */
  readonly status: 'ok' | 'lost';
  /** Since when it is lost, in milliseconds of the scheduler's clock. Absent while it is not. */
  readonly lostSince?: number;
  /** It said that it is ready for our handshake. It stays so until the peer is gone. */
  readonly isReadyForHandshake: boolean;
}

/** What has become of one peer. */
export type PeerChange =
  /** Use this node in place of the one before. `reason` is for people who debug, as the coordinator gave it. */
  | { readonly kind: 'node'; readonly id: Uuid; readonly peer: RemotePeer; readonly reason: string }
  /** Keep what is configured. */
  | { readonly kind: 'lost'; readonly id: Uuid; readonly peer: RemotePeer; readonly reason: string }
  /** It has left, or shares no tunnel any more: remove it now. `peer` is what it was. */
  | { readonly kind: 'disconnected'; readonly id: Uuid; readonly peer: RemotePeer; readonly reason: string }
  /** It was lost for too long: remove it now. `peer` is what it was. */
  | { readonly kind: 'expired'; readonly id: Uuid; readonly peer: RemotePeer; readonly reason: string }
  /** Who opened the tunnel may start the handshake now. */
  | { readonly kind: 'readyForHandshake'; readonly id: Uuid; readonly peer: RemotePeer; readonly reason: string };

/** How it stands with the connection to the coordinator. */
export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'connected' }
  /** There is none; the next try is in so many milliseconds. */
  | ({ readonly kind: 'waiting'; readonly retryIn: number } & ConnectionEnd)
  /** There is none, and there will be none: after a goodbye, or before the error of a refusal. */
  | ({ readonly kind: 'closed' } & ConnectionEnd);

/** All that a client knows. */
export interface TailnetState {
  /** The peers as they are now. Never changed once it is emitted. */
  readonly peers: ReadonlyMap<Uuid, RemotePeer>;
  /** What has changed since the state before, in order. */
  readonly changes: readonly PeerChange[];
  /** How it stands with the connection. */
  readonly connection: ConnectionState;
  /** What the coordinator said, where that is what this state comes of: for logs, and for its `error`. */
  readonly response?: CoordinateResponse;
}
