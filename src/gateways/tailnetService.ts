import { TailnetDefinition } from '../proto/gen/tailnet.js';
import { grpcMethod } from './grpcMethod.js';

/**
 * The gRPC service `coder.tailnet.v2.Tailnet`, as `@grpc/grpc-js` wants it: for clients
 * (`makeGenericClientConstructor(tailnetService, 'Tailnet')`), and for servers that implement it themselves.
 */
export const tailnetService = {
  /** `Coordinate`: a stream in each direction, for as long as the peer is connected. */
  coordinate: grpcMethod(TailnetDefinition, TailnetDefinition.methods.coordinate),
} as const;
