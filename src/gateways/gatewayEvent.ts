import type { Uuid } from '../db/store.js';
import type { Role } from './identity.js';

/**
 * What happens at a gateway. Every connection that is `opened` is `closed` later, with the same `peerId`; one that is
 * `rejected` was never opened. Events come in the order in which things happened, and none is left out as long as
 * somebody is subscribed.
 */
export type GatewayEvent =
  /** Connections are accepted at this URL from now on. */
  | { readonly kind: 'listening'; readonly url: string }
  /** A peer connected, over this protocol: `tailnet.v2.proto` or `tailnet.v2.json`. */
  | {
      readonly kind: 'opened';
      readonly peerId: Uuid;
      readonly name: string;
      readonly role: Role;
      readonly remoteAddress: string;
      readonly protocol: string;
    }
  /** The connection is over. `received` and `sent` count messages; `code` is a WebSocket close code, 1006 for a broken connection. */
  | {
      readonly kind: 'closed';
      readonly peerId: Uuid;
      readonly code: number;
      readonly reason: string;
      readonly received: number;
      readonly sent: number;
      readonly durationMs: number;
    }
  /** Somebody was turned away with this HTTP status. `error` is there when that was not their fault. */
  | {
      readonly kind: 'rejected';
      readonly status: number;
      readonly reason: string;
      readonly remoteAddress: string;
      readonly error?: unknown;
    }
  /** A defect ended a connection, whose peer was told `internal coordinator error`. `closed` follows. */
  | { readonly kind: 'failed'; readonly peerId: Uuid; readonly error: unknown };
