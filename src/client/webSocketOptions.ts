/** How WebSockets are made. Times are milliseconds. */
export interface WebSocketTransportOptions {
  /** How long a coordinator may take to answer the request for a connection. Default 10000. */
  readonly handshakeTimeout?: number;
  /**
   * A connection over which nothing was heard for so long, no answer to a ping either, is dead. Default 20000. Node.js
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
