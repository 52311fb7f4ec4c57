import type { Server } from 'node:http';
import type { Observable, SchedulerLike } from 'rxjs';
import type { Identify } from './identity.js';

/** What one connection may cost, and all of them together. Times are milliseconds. */
export interface WebSocketLimits {
  /** Bytes in one message of a peer. A larger one closes the connection with 1009. Default 1 MiB. */
  readonly maxMessageSize: number;
  /**
   * Messages of one peer in a second, on average, pings and pongs included. Who sends more is not refused, but read more
   * slowly, so that TCP holds them back. Default 1000; `Infinity` for no limit.
   */
  readonly requestsPerSecond: number;
  /** Messages at once, after a time of silence: enough for a hub that opens all its tunnels. Default 5000. */
  readonly requestBurst: number;
  /**
   * Bytes of one peer in a second, on average, everything included that its socket brings. Who sends more is read more
   * slowly. Default 2 MiB; `Infinity` for no limit.
   */
  readonly bytesPerSecond: number;
  /** Bytes at once, after a time of silence. Default 16 MiB. */
  readonly byteBurst: number;
  /** Open tunnels of one connection. One more is refused with `too many tunnels: at most …` and 1008. Default 10000. */
  readonly maxTunnels: number;
  /** Open connections, those being identified included. One more gets HTTP 503. Default 20000. */
  readonly maxConnections: number;
  /**
   * Clients for whom `identify` works at the same time, so that it need not cope with all who come back in a storm. The
   * others wait in order. Default 256.
   */
  readonly maxHandshakes: number;
  /**
   * Sockets without a WebSocket, on a server of the gateway's own. With one more, the one that has been silent for longest
   * is destroyed. Default 10000: in a storm many are accepted before their requests come.
   */
  readonly maxUnfinished: number;
  /** How long a client may take for its HTTP request, and how long it may take to identify it. Default 10000. */
  readonly handshakeTimeout: number;
  /** From one ping to the next. Who gives no sign of life between two is terminated. Default 15000. */
  readonly pingPeriod: number;
  /**
   * Bytes that may wait for a slow receiver before the coordinator is asked to wait. It emits nothing until they have
   * all been sent, and what changes meanwhile is merged. Default 1 MiB; never less than the socket's own buffer (16 KiB).
   */
  readonly highWaterMark: number;
  /** How long the other end may take to answer a close frame before the socket is destroyed. Default 5000. */
  readonly closeTimeout: number;
}

export const defaultWebSocketLimits: WebSocketLimits = {
  maxMessageSize: 1024 * 1024,
  requestsPerSecond: 1000,
  requestBurst: 5000,
  bytesPerSecond: 2 * 1024 * 1024,
  byteBurst: 16 * 1024 * 1024,
  maxTunnels: 10_000,
  maxConnections: 20_000,
  maxHandshakes: 256,
  maxUnfinished: 10_000,
  handshakeTimeout: 10_000,
  pingPeriod: 15_000,
  highWaterMark: 1024 * 1024,
  closeTimeout: 5000,
};

/** Where a gateway listens: on a server of somebody else's, or on one of its own. */
export type WebSocketEndpoint =
  | {
      /** Serves upgrade requests of this server, which its owner starts and stops. Other requests are the owner's. */
      readonly server: Server;
      readonly host?: never;
      readonly port?: never;
    }
  | {
      readonly server?: never;
      /** Default `127.0.0.1`. */
      readonly host?: string;
      /** 0 picks a free one; the event `listening` tells which. */
      readonly port: number;
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
export function completeLimits(limits: Partial<WebSocketLimits> = {}): WebSocketLimits {
  const given = Object.entries(limits).filter(([, value]: [string, number | undefined]) => value !== undefined);
  for (const [name, value] of given) {
    if (!(value > 0)) throw new RangeError(`${name} must be a number above 0, got ${String(value)}`);
  }
  const complete: WebSocketLimits = { ...defaultWebSocketLimits, ...Object.fromEntries(given) };
  // `ws` counts in 32 bits, and takes 0 for "no limit".
  return { ...complete, maxMessageSize: Math.min(Math.max(1, complete.maxMessageSize), 0x7fff_ffff) };
}
