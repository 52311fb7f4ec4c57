/** What `tailnet-coordinator/client` exports wherever it runs. */
export type { ClientBackoff, TailnetClientOptions } from './clientOptions.js';
export { coordinatorTransport } from './coordinatorTransport.js';
export type { Coordinates } from './coordinatorTransport.js';
export { TailnetClientError } from './tailnetClientError.js';
export type { ConnectionState, PeerChange, RemotePeer, TailnetState } from './tailnetState.js';
export type { ClientRole, ConnectionEnd, Transport, TransportCall, TransportEvent } from './transport.js';
export type { ClientTls, WebSocketTransportOptions } from './webSocketOptions.js';
export type { CoordinateRequest, CoordinateResponse, DeepPartial, Node } from '../proto/gen/tailnet.js';
export { isUuid, parseUuid } from '../proto/uuid.js';
export type { Uuid } from '../proto/uuid.js';
