import type { CoordinateResponse_PeerUpdate } from '../proto/gen/tailnet.js';
import type { Uuid } from '../db/store.js';

/** What happens to the peer on the command line. */
export type PeerEvent =
  | { readonly kind: 'connected'; readonly id: Uuid; readonly url: string }
  /** What the coordinator says about another peer. */
  | { readonly kind: 'update'; readonly update: CoordinateResponse_PeerUpdate }
  /** Why the coordinator did not do what was asked, or ends the connection. */
  | { readonly kind: 'error'; readonly error: string }
  /** The connection is over, or was never made. `retryIn`: milliseconds until the next try; absent: there is none. */
  | { readonly kind: 'closed'; readonly code: number; readonly reason: string; readonly retryIn?: number };
