/** What one connection may cost, and all of them together. Times are milliseconds. */
export interface GatewayLimits {
  /** Bytes in one message of a peer. A larger one ends the connection with 1009. Default 1 MiB. */
  readonly maxMessageSize: number;
  /**
   * Messages of one peer in a second, on average, a WebSocket's pings and pongs included. Who sends more is not refused,
   * but read more slowly, so that TCP holds them back. Default 1000; `Infinity` for no limit.
   */
  readonly requestsPerSecond: number;
  /** Messages at once, after a time of silence: enough for a hub that opens all its tunnels. Default 5000. */
  readonly requestBurst: number;
  /**
   * Bytes of one peer in a second, on average, everything included that its WebSocket brings, or that belongs to the
   * messages of its call. Who sends more is read more slowly. Default 2 MiB; `Infinity` for no limit.
   */
  readonly bytesPerSecond: number;
  /** Bytes at once, after a time of silence. Default 16 MiB. */
  readonly byteBurst: number;
  /** Open tunnels of one connection. One more is refused with `too many tunnels: at most …` and 1008. Default 10000. */
  readonly maxTunnels: number;
  /** Open connections, those being identified included. One more is turned away with 503. Default 20000. */
  readonly maxConnections: number;
  /**
   * Clients for whom `identify` works at the same time, so that it need not cope with all who come back in a storm. The
   * others wait in order. Default 256.
   */
  readonly maxHandshakes: number;
  /**
   * Sockets without a peer, on a server of the gateway's own. With one more, the one that has been silent for longest is
   * destroyed. Default 10000: in a storm many are accepted before their requests come. Over gRPC, streams over which
   * nobody is served are bounded by the same number.
   */
  readonly maxUnfinished: number;
  /** How long a client may take for its request, and how long it may take to identify it. Default 10000. */
  readonly handshakeTimeout: number;
  /** From one ping to the next. Who gives no sign of life between two is cut off. Default 15000. */
  readonly pingPeriod: number;
  /**
   * Bytes that may wait for a slow receiver before the coordinator is asked to wait. It emits nothing until they have
   * all been sent, and what changes meanwhile is merged. Default 1 MiB; never less than the socket's own buffer (16 KiB).
   */
  readonly highWaterMark: number;
  /** How long the other end may take to let a connection end in order before it is cut off. Default 5000. */
  readonly closeTimeout: number;
}

/** The limits that all gateways share, where nothing else is given. */
export const defaultGatewayLimits: GatewayLimits = {
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

/** A longer time makes a timer of Node.js fire at once. */
const longest = 2 ** 31 - 1;
const isTime = /(Timeout|Period)$/;

/** Limits that gateways of one kind have: who makes several may give them all the same. */
const ofOneKind: ReadonlySet<string> = new Set([
  ...['maxJsonMessageSize', 'maxFrames', 'maxPendingPongs', 'maxConcurrentStreams'],
]);

/**
 * The defaults, with what was given in their place.
 *
 * @throws RangeError `maxTunnels must be a number above 0, got -1`, `pingPeriod must be at most 2147483647, got Infinity`,
 *   `there is no limit maxTunnel; there are maxMessageSize, …`
 */
export function mergeLimits<Limits extends object>(defaults: Limits, limits: Partial<Limits> = {}): Limits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  for (const [name, value] of given) {
    if (!Object.hasOwn(defaults, name) && !ofOneKind.has(name)) {
      throw new RangeError(`there is no limit ${name}; there are ${Object.keys(defaults).join(', ')}`);
    }
    if (!(typeof value === 'number' && value > 0)) {
      throw new RangeError(`${name} must be a number above 0, got ${String(value)}`);
    }
    if (isTime.test(name) && value > longest) {
      throw new RangeError(`${name} must be at most ${String(longest)}, got ${String(value)}`);
    }
  }
  return { ...defaults, ...Object.fromEntries(given) };
}
