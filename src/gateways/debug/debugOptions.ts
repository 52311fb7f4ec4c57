import type { Observable, SchedulerLike } from 'rxjs';
import type { GatewayEvent } from '../gatewayEvent.js';
import { mergeLimits } from '../gatewayLimits.js';
import type { Identify } from '../identity.js';

/** What those who look may cost. Times are milliseconds. */
export interface DebugLimits {
  /** Who look at the same time, those included who are being identified, or have not read their answer yet. One more gets HTTP 503. Default 50. */
  readonly maxViewers: number;
  /** The tables are read once in so long at most, however many look, and not at all while nobody does. Default 2000. */
  readonly readPeriod: number;
  /** How long an answer about one peer may take. Default 5000. */
  readonly answerTimeout: number;
  /** Clients for whom `identify` works at the same time; the others wait in order. Default 16. */
  readonly maxHandshakes: number;
  /** How long it may take to find out who somebody is. Default 10000. */
  readonly handshakeTimeout: number;
  /** From one comment to the next, which only says that the connection lives. Default 15000. */
  readonly heartbeatPeriod: number;
  /** How long a client may take to read the last event, or read nothing of another answer, before it is cut off. Default 5000. */
  readonly closeTimeout: number;
}

/** The limits of who looks, where nothing else is given. */
export const defaultDebugLimits: DebugLimits = {
  maxViewers: 50,
  readPeriod: 2000,
  answerTimeout: 5000,
  maxHandshakes: 16,
  handshakeTimeout: 10_000,
  heartbeatPeriod: 15_000,
  closeTimeout: 5000,
};

/** Who may look, and what looking may cost. */
export interface DebugOptions {
  /**
   * Finds out who wants to look, as for any gateway. Who has the role `observer` may; others get a 403. When the identity
   * ends, so does the look. A query that has a `token` is refused with 400, for queries are logged. Default: everybody may
   * look.
   */
  readonly identify?: Identify;
  /**
   * Pages of which origins may look, such as `https://dashboard.example`; more in {@link originPolicy}. Others are refused
   * with HTTP 403. Default none, but those that came from the server itself, by its address or as `localhost`: where the
   * server has a name, give its own origin.
   */
  readonly origins?: readonly string[];
  /** Proxies whose `X-Forwarded-For` says where a client is; more in {@link remoteAddress}. Default none. */
  readonly trustedProxies?: readonly string[];
  /** What differs from {@link defaultDebugLimits}. */
  readonly limits?: Partial<DebugLimits>;
  /** True from when the server is about to stop: ends all looks, and lets nobody in. Replays the current value. Default: never. */
  readonly draining$?: Observable<boolean>;
  /** Told of `rejected`, when somebody is turned away because of who they are, where their page is from, or how many there are. Default: nobody is. */
  readonly onEvent?: (event: GatewayEvent) => void;
  /** Told why the tables cannot be read, once until they can again. Who looks is told only that they cannot. Default: nobody is. */
  readonly onTrouble?: (error: unknown) => void;
  /** Tells the time and waits. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
}

/**
 * The limits, complete.
 *
 * @throws RangeError `maxViewers must be a number above 0, got -1`
 */
export function completeDebugLimits(limits?: Partial<DebugLimits>): DebugLimits {
  return mergeLimits(defaultDebugLimits, limits);
}
