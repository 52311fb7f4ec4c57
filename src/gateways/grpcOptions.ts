import type { Observable, SchedulerLike } from 'rxjs';
import { defaultGatewayLimits, mergeLimits } from './gatewayLimits.js';
import type { GatewayLimits } from './gatewayLimits.js';
import type { GrpcServer } from './coordinateService.js';
import type { IdentifyCall } from './incomingCall.js';
import type { TlsSource } from './tls.js';

/** {@link GatewayLimits} of a gateway for gRPC, where a connection is a call, many of which may share a socket. */
export interface GrpcLimits extends GatewayLimits {
  /** Calls at the same time over one socket. Clients keep further ones until others end. Default 1000. */
  readonly maxConcurrentStreams: number;
}

/** The limits of a gateway for gRPC, where nothing else is given. */
export const defaultGrpcLimits: GrpcLimits = { ...defaultGatewayLimits, maxConcurrentStreams: 1000 };

/** Where a gateway serves: on a server of somebody else's, or on one of its own. */
export type GrpcEndpoint =
  | {
      /**
       * Puts the service on this server, whose owner binds it, adds reflection and health, and shuts it down. After a drain it
       * stays there and answers UNAVAILABLE, until a gateway is put on the server again. The limits of
       * its sockets are the owner's: size of messages, streams, keepalive.
       */
      readonly server: GrpcServer;
      /** Not with `server`: its owner binds it. */
      readonly host?: never;
      /** Not with `server`: its owner binds it. */
      readonly port?: never;
      /** Not with `server`: its owner has the certificates. */
      readonly tls?: never;
    }
  | {
      /** Not with `port`. */
      readonly server?: never;
      /** Default `127.0.0.1`. */
      readonly host?: string;
      /** 0 picks a free one; the event `listening` tells which. */
      readonly port: number;
      /** Default: none, in clear text. */
      readonly tls?: TlsSource;
    };

/** Where a gateway for gRPC serves, whom, and what they may cost. */
export type GrpcGatewayOptions = GrpcEndpoint & {
  /** Default `identityFromMetadata`, which believes everybody. */
  readonly identify?: IdentifyCall;
  /** What differs from {@link defaultGrpcLimits}. */
  readonly limits?: Partial<GrpcLimits>;
  /** When it emits, new calls get UNAVAILABLE, and the gateway completes when the last one is over. Default: never. */
  readonly drain$?: Observable<unknown>;
  /** Tells the time and waits. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
};

/**
 * The limits, complete.
 *
 * @throws RangeError `maxTunnels must be a number above 0, got -1`
 */
export function completeGrpcLimits(limits?: Partial<GrpcLimits>): GrpcLimits {
  return mergeLimits(defaultGrpcLimits, limits);
}
