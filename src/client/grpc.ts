/**
 * What a client needs to talk gRPC: only in Node.js, and apart from the rest, since it takes a while to load.
 *
 * @packageDocumentation
 */
export { grpcTransport } from './grpcTransport.js';
export type { GrpcTransportOptions } from './grpcTransport.js';
