import { longestTimer, milliseconds } from './milliseconds.js';

/** How WebSockets are made. Times are milliseconds. */
export interface WebSocketTransportOptions {
  /** How long a coordinator may take until there is a connection. From 1 to 2147483647; default 10000. */
  readonly handshakeTimeout?: number;
  /**
   * A connection over which nothing was heard for so long, no answer to a ping either, is dead. From 1 to 2147483647;
   * default 20000. Node.js
   * only: a browser shows no pings, so there a connection is dead when the browser says so.
   */
  readonly silence?: number;
  /** What is shown and trusted over TLS, in PEM. Default: what Node.js does by itself. Node.js only. */
  readonly tls?: ClientTls;
  /** More headers for the request. Node.js only. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a client shows, and whom it trusts; in PEM. */
export interface ClientTls {
  /** A certificate, and its private key, to show where one is asked for. */
  readonly cert?: string;
  /** The private key of `cert`. */
  readonly key?: string;
  /** Trust this authority, and no other. Default: those that Node.js knows. */
  readonly ca?: string;
}

/** What a WebSocket transport understands. */
export const webSocketUrls = {
  protocols: ['ws:', 'wss:'],
  example: 'ws://127.0.0.1:7350/api/v2/coordinate',
} as const;

/**
 * The times among the options, with their defaults.
 *
 * @throws RangeError `silence: … is no number of milliseconds from 1 to 2147483647` (or `handshakeTimeout`)
 */
export function transportTimes({
  handshakeTimeout = 10_000,
  silence = 20_000,
}: TransportTimes): Required<TransportTimes> {
  return {
    handshakeTimeout: milliseconds('handshakeTimeout', handshakeTimeout, 1, longestTimer),
    silence: milliseconds('silence', silence, 1, longestTimer),
  };
}

type TransportTimes = Pick<WebSocketTransportOptions, 'handshakeTimeout' | 'silence'>;
