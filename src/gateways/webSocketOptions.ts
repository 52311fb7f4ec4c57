import type { Server } from 'node:http';
import type { Observable, SchedulerLike } from 'rxjs';
import { defaultGatewayLimits, mergeLimits } from './gatewayLimits.js';
import type { GatewayLimits } from './gatewayLimits.js';
import type { Identify } from './identity.js';
import type { TlsSource } from './tls.js';

/** {@link GatewayLimits} of a gateway for WebSockets. */
export type WebSocketLimits = GatewayLimits;

export const defaultWebSocketLimits: WebSocketLimits = defaultGatewayLimits;

/** Where a gateway listens: on a server of somebody else's, or on one of its own. */
export type WebSocketEndpoint =
  | {
      /** Serves upgrade requests of this server, which its owner starts and stops. Other requests are the owner's. */
      readonly server: Server;
      readonly host?: never;
      readonly port?: never;
      readonly tls?: never;
    }
  | {
      readonly server?: never;
      /** Default `127.0.0.1`. */
      readonly host?: string;
      /** 0 picks a free one; the event `listening` tells which. */
      readonly port: number;
      /** Default: none, in clear text. */
      readonly tls?: TlsSource;
    };

export type WebSocketGatewayOptions = WebSocketEndpoint & {
  /** Default `/api/v2/coordinate`. */
  readonly path?: string;
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
  // `ws` counts in 32 bits, and takes 0 for "no limit".
  return { ...complete, maxMessageSize: Math.min(Math.max(1, complete.maxMessageSize), 0x7fff_ffff) };
}
