/**
 * The client side: a peer that stays connected to a coordinator and knows the peers that it shares tunnels with.
 *
 * @packageDocumentation
 */
export type { ClientBackoff, TailnetClientOptions } from './clientOptions.js';
export { TailnetClientError } from './tailnetClientError.js';
export type { ConnectionState, PeerChange, RemotePeer, TailnetState } from './tailnetState.js';
export type { ClientRole, ConnectionEnd, Transport, TransportCall, TransportEvent } from './transport.js';
