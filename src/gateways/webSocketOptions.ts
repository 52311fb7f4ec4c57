import type { Server } from 'node:http';
import type { Observable, SchedulerLike } from 'rxjs';
import { defaultGatewayLimits, mergeLimits } from './gatewayLimits.js';
import type { GatewayLimits } from './gatewayLimits.js';
import type { Identify } from './identity.js';
import type { TlsSource } from './tls.js';

/** {@link GatewayLimits}, and what else a WebSocket may cost. */
export interface WebSocketLimits extends GatewayLimits {
  /**
   * Bytes in one message of a peer that speaks `tailnet.v2.json`, if that is less than `maxMessageSize`: JSON takes long to
   * read, and everybody else waits meanwhile. A larger one ends the connection with 1009. Default 65536.
   */
  readonly maxJsonMessageSize: number;
  /**
   * Frames of one message. One in more pieces closes the connection with 1008: while it is not complete, each piece holds
   * on to all that was read with it, up to 64 KiB. Default 1024.
   */
  readonly maxFrames: number;
  /** Pongs that may wait to be sent. Who asks for one more without reading them is cut off. Default 60. */
  readonly maxPendingPongs: number;
}

/** The limits of a gateway for WebSockets, where nothing else is given. */
export const defaultWebSocketLimits: WebSocketLimits = {
  ...defaultGatewayLimits,
  maxJsonMessageSize: 64 * 1024,
  maxFrames: 1024,
  maxPendingPongs: 60,
};

/** Where a gateway listens: on a server of somebody else's, or on one of its own. */
export type WebSocketEndpoint =
  | {
      /** Serves upgrade requests of this server, which its owner starts and stops. Other requests are the owner's. */
      readonly server: Server;
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

/** Where peers that speak V1 are served, and what they may cost. */
export interface V1WebSocketOptions {
  /** Default `/api/v1/coordinate`. */
  readonly path?: string;
  /** Bytes in one object, in however many frames. A larger one ends the connection with 1009. Default 65536. */
  readonly maxMessageSize?: number;
  /** Milliseconds that one write may take. Who does not read for longer is cut off. Default 5000. */
  readonly writeTimeout?: number;
}

/** Where a gateway for WebSockets serves, whom, and what they may cost. */
export type WebSocketGatewayOptions = WebSocketEndpoint & {
  /** Default `/api/v2/coordinate`. */
  readonly path?: string;
  /** Serves peers that speak V1 as well, at a path of their own. Default: not. */
  readonly v1?: V1WebSocketOptions;
  /**
   * Pages of which origins may connect, such as `https://app.example.com`; more in {@link originPolicy}. Others are refused
   * with HTTP 403. Default none, but those that came from the server itself, by its address or as `localhost`. Clients that
   * send no `Origin`, which browsers always do, may connect.
   */
  readonly origins?: readonly string[];
  /**
   * Proxies whose `X-Forwarded-For` says where a client is, as addresses and ranges; more in {@link remoteAddress}. Default
   * none.
   */
  readonly trustedProxies?: readonly string[];
  /** Default {@link identityFromQuery}, which believes everybody. */
  readonly identify?: Identify;
  /** What differs from {@link defaultWebSocketLimits}. */
  readonly limits?: Partial<WebSocketLimits>;
  /** When it emits, new connections are refused with HTTP 503, and the gateway completes when the last one is closed. Default: never. */
  readonly drain$?: Observable<unknown>;
  /** Tells the time and waits. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
};

/**
 * The limits, complete.
 *
 * @throws RangeError `maxTunnels must be a number above 0, got -1`
 */
export function completeLimits(limits?: Partial<WebSocketLimits>): WebSocketLimits {
  const complete = mergeLimits(defaultWebSocketLimits, limits);
  return {
    ...complete,
    maxMessageSize: countForWs(complete.maxMessageSize),
    maxJsonMessageSize: countForWs(Math.min(complete.maxMessageSize, complete.maxJsonMessageSize)),
    maxFrames: countForWs(complete.maxFrames),
    maxPendingPongs: countForWs(complete.maxPendingPongs),
  };
}

/** `ws` counts in 32 bits, and takes 0 for "no limit". */
function countForWs(limit: number): number {
  return Math.min(Math.max(1, Math.floor(limit)), 0x7fff_ffff);
}
