import type { Uuid } from '../db/store.js';
import type { Role } from './identity.js';

/**
 * What happens at a gateway. Every connection that is `opened` is `closed` later, with the same `peerId`; one that is
 * `rejected` was never opened. Events come in the order in which things happened, and none is left out as long as
 * somebody is subscribed.
 */
export type GatewayEvent =
  /** Connections are accepted at this URL from now on. */
  | {
      /** Tells events apart. */
      readonly kind: 'listening';
      /** Such as `ws://127.0.0.1:7350/api/v2/coordinate`. */
      readonly url: string;
    }
  /** A peer connected, over this protocol: `tailnet.v2.proto` or `tailnet.v2.json`. */
  | {
      /** Tells events apart. */
      readonly kind: 'opened';
      /** Who connected. */
      readonly peerId: Uuid;
      /** For logs. */
      readonly name: string;
      /** What they may do. */
      readonly role: Role;
      /** Where they come from, without the port. */
      readonly remoteAddress: string;
      /** What is spoken: `tailnet.v2.proto`, `tailnet.v2.json`, `tailnet.v1` or `grpc`. */
      readonly protocol: string;
    }
  /** The connection is over. `received` and `sent` count messages; `code` is a WebSocket close code, 1006 for a broken connection. */
  | {
      /** Tells events apart. */
      readonly kind: 'closed';
      /** Whose connection it was. */
      readonly peerId: Uuid;
      /** Which of `closeCodes`. */
      readonly code: number;
      /** Why, as the peer was told. */
      readonly reason: string;
      /** Messages of the peer. */
      readonly received: number;
      /** Messages to the peer. */
      readonly sent: number;
      /** For how long it was open, in milliseconds. */
      readonly durationMs: number;
    }
  /** Somebody was turned away with this HTTP status. `error` is there when that was not their fault. */
  | {
      /** Tells events apart. */
      readonly kind: 'rejected';
      /** The HTTP status; over gRPC, the one that means the same. */
      readonly status: number;
      /** Why, as they were told. */
      readonly reason: string;
      /** Where they came from, without the port. */
      readonly remoteAddress: string;
      /** What an operator should know. */
      readonly error?: unknown;
    }
  /** A defect ended a connection, whose peer was told `internal coordinator error`. `closed` follows. */
  | {
      /** Tells events apart. */
      readonly kind: 'failed';
      /** Whose connection it was. */
      readonly peerId: Uuid;
      /** What went wrong, for an operator. */
      readonly error: unknown;
    };
