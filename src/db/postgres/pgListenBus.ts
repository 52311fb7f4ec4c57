import type { Pool, PoolConfig } from 'pg';
import type { Logger } from 'pino';
import {
  asyncScheduler,
  defer,
  EMPTY,
  ignoreElements,
  Observable,
  timer,
  type SchedulerLike,
  type Subscriber,
  type Subscription,
} from 'rxjs';
import type { Bus, BusEvent } from '../bus.js';
import { StoreError } from '../store.js';
import { openListenSession, type ListenSession } from './openListenSession.js';
import { openPool } from './openPool.js';
import { runOn, type Statement } from './runStatement.js';
import { sessionConfig } from './sessionConfig.js';
import { storeErrorOf } from './storeErrorOf.js';

/** Times are milliseconds. */
export interface PgListenBusOptions {
  /** Where `publish` gets its connections; somebody else closes it. By default the bus opens one of its own. */
  readonly pool?: Pool;
  /** Whether that pool leads to a pooler in transaction mode. Default false. */
  readonly isPooled?: boolean;
  /** The listening connection is checked this often. Default 3000. */
  readonly checkPeriod?: number;
  /** A check, or connecting, that takes longer has failed. Default 2500. */
  readonly checkTimeout?: number;
  /** Where waiting to reconnect happens. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Draws the jitter of reconnecting: from 0 up to, but without, 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'info' | 'warn'>;
}

/** The first wait before reconnecting, in milliseconds; each further one is twice as long, up to the longest. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2000;

const GAP: BusEvent = { kind: 'gap' };

/**
 * LISTEN and NOTIFY of PostgreSQL as a bus. All channels share one connection, which is made for the first listener and
 * ended after the last. When it breaks another is made, with back-off and for ever, and every listener hears `gap` when
 * its channel is listened to again.
 *
 * Listeners are called one after the other while the connection is being read: whoever is slow delays the others.
 * LISTEN does not work through a pooler in transaction mode: connect to the server itself.
 *
 * `close()` ends everything; whoever still listens gets an error.
 */
export function pgListenBus(
  config: string | PoolConfig,
  options: PgListenBusOptions = {},
): Bus & { close(): Observable<never> } {
  const { checkPeriod = 3000, checkTimeout = 2500, scheduler = asyncScheduler, random = Math.random, logger } = options;
  const listenConfig: PoolConfig = {
    ...sessionConfig(config, {
      applicationName: 'tailnet-coordinator listen',
      statementTimeout: checkTimeout,
      connectionTimeout: checkTimeout,
    }),
    query_timeout: checkTimeout,
  };

  const listeners = new Map<string, Set<Subscriber<BusEvent>>>();
  /** The channels whose LISTEN the server has acknowledged on the current connection. */
  const listening = new Set<string>();
  let session: ListenSession | undefined;
  let retry: Subscription | undefined;
  /** Failed attempts since the last time we listened. */
  let failures = 0;
  let isClosed = false;

  const tell = (channel: string, event: BusEvent) => {
    // A copy, because whoever is told may leave or come.
    for (const listener of [...(listeners.get(channel) ?? [])]) listener.next(event);
  };

  const connect = () => {
    retry = undefined;
    session = openListenSession(listenConfig, checkPeriod, {
      listening: (channel) => {
        if (failures > 0) logger?.info({ failures }, 'listening to the database again');
        failures = 0;
        listening.add(channel);
        tell(channel, GAP);
      },
      message: (channel, payload) => {
        // What overtakes the acknowledgement is covered by the gap that follows.
        if (listening.has(channel)) tell(channel, { kind: 'message', payload });
      },
      broken: (error) => {
        if (failures === 0) logger?.warn({ err: storeErrorOf(error) }, 'not listening to the database; reconnecting');
        session = undefined;
        listening.clear();
        const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + random() / 2);
        failures += 1;
        retry = timer(wait, scheduler).subscribe(connect);
      },
    });
    for (const channel of listeners.keys()) session.listen(channel);
  };

  const disconnect = () => {
    retry?.unsubscribe();
    session?.close();
    retry = undefined;
    session = undefined;
    listening.clear();
    failures = 0;
  };

  const join = (channel: string, listener: Subscriber<BusEvent>) => {
    const others = listeners.get(channel);
    if (others !== undefined) {
      others.add(listener);
      if (listening.has(channel)) listener.next(GAP);
      return;
    }
    listeners.set(channel, new Set([listener]));
    if (session !== undefined) session.listen(channel);
    else if (retry === undefined) connect();
  };

  const leave = (channel: string, listener: Subscriber<BusEvent>) => {
    const others = listeners.get(channel);
    if (others?.delete(listener) !== true || others.size > 0) return;
    listeners.delete(channel);
    listening.delete(channel);
    if (listeners.size === 0) disconnect();
    else session?.unlisten(channel);
  };

  const pool = options.pool ?? openPool(publishConfig(config), logger);
  const closePool = options.pool === undefined ? () => pool.end() : () => Promise.resolve();
  const run = runOn(pool, options.isPooled);
  let closing: Promise<void> | undefined;

  return {
    listen$: (channel) =>
      new Observable((listener) => {
        if (isClosed) {
          listener.error(new StoreError('unavailable', 'the bus is closed'));
          return undefined;
        }
        join(channel, listener);
        return () => leave(channel, listener);
      }),

    publish: (channel, payloads) =>
      payloads.length === 0
        ? EMPTY
        : run(publishStatement, [channel, payloads], () => undefined).pipe(ignoreElements()),

    close: () =>
      defer(() => {
        isClosed = true;
        disconnect();
        for (const listener of [...listeners.values()].flatMap((all) => [...all])) {
          listener.error(new StoreError('unavailable', 'the bus was closed'));
        }
        return (closing ??= closePool());
      }).pipe(ignoreElements()),
  };
}

const publishStatement: Statement = {
  name: 'tailnet_publish',
  text: `SELECT count(pg_notify($1::text, payload)) FROM unnest($2::text[]) AS item (payload)`,
};

function publishConfig(config: string | PoolConfig): PoolConfig {
  return sessionConfig(config, {
    applicationName: 'tailnet-coordinator',
    statementTimeout: 5000,
    connectionTimeout: 5000,
  });
}
