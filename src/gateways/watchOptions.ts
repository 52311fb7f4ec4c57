import type { Observable, SchedulerLike } from 'rxjs';
import type { GatewayEvent } from './gatewayEvent.js';
import { mergeLimits } from './gatewayLimits.js';
import type { Identify } from './identity.js';

/** What those who watch may cost. Times are milliseconds. */
export interface WatchLimits {
  /** Who watch at the same time, those being identified included. One more gets HTTP 503. Default 1000. */
  readonly maxWatchers: number;
  /** Clients for whom `identify` works at the same time; the others wait in order. Default 64. */
  readonly maxHandshakes: number;
  /** How long it may take to find out who somebody is, and whether they may watch. Default 10000. */
  readonly handshakeTimeout: number;
  /** From one comment to the next, which only says that the connection lives. Default 15000. */
  readonly heartbeatPeriod: number;
  /** How long a client may take to read the last event before its connection is cut off. Default 5000. */
  readonly closeTimeout: number;
}

/** The limits of who watches, where nothing else is given. */
export const defaultWatchLimits: WatchLimits = {
  maxWatchers: 1000,
  maxHandshakes: 64,
  handshakeTimeout: 10_000,
  heartbeatPeriod: 15_000,
  closeTimeout: 5000,
};

/** Who may watch whom, and what watching may cost. */
export interface WatchOptions {
  /**
   * Finds out who wants to watch, as for any gateway. They may watch a peer if they are the peer, or if their `auth` lets
   * them open a tunnel to it, which would show them the same, or if they are an observer; others get a 403. When the identity ends, so does the watch.
   * Default: everybody may watch everybody.
   */
  readonly identify?: Identify;
  /**
   * Pages of which origins may watch, such as `https://dashboard.example`; more in {@link originPolicy}. Others are refused
   * with HTTP 403. Default none, but those that came from the server itself, by its address or as `localhost`.
   */
  readonly origins?: readonly string[];
  /** Proxies whose `X-Forwarded-For` says where a client is; more in {@link remoteAddress}. Default none. */
  readonly trustedProxies?: readonly string[];
  /** What differs from {@link defaultWatchLimits}. */
  readonly limits?: Partial<WatchLimits>;
  /** True from when the server is about to stop: ends all watches, and lets nobody in. Replays the current value. Default: never. */
  readonly draining$?: Observable<boolean>;
  /** Told of `rejected`, when somebody is turned away because of who they are, where their page is from, or how many there are. Default: nobody is. */
  readonly onEvent?: (event: GatewayEvent) => void;
  /** Tells the time and waits. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * The limits, complete.
 *
 * @throws RangeError `maxWatchers must be a number above 0, got -1`
 */
export function completeWatchLimits(limits?: Partial<WatchLimits>): WatchLimits {
  return mergeLimits(defaultWatchLimits, limits);
}
