import type { Pool, PoolConfig } from 'pg';
import type { Logger } from 'pino';
import {
  asyncScheduler,
  defer,
  EMPTY,
  ignoreElements,
  type Observable,
  timer,
  type SchedulerLike,
  type Subscription,
} from 'rxjs';
import { readBindingHint } from '../bindingHint.js';
import { channels, type Bus } from '../bus.js';
import { ChannelListeners } from '../channelListeners.js';
import type { HintSeal } from './hintSeal.js';
import { openListenSession, type ListenSession } from './openListenSession.js';
import { openPool } from './openPool.js';
import { runOn, type Statement } from './runStatement.js';
import { sessionConfig } from './sessionConfig.js';
import { storeErrorOf } from './storeErrorOf.js';

/** Times are milliseconds. */
export interface PgListenBusOptions {
  /** Where `publish` gets its connections; somebody else closes it. By default the bus opens one of its own. */
  readonly pool?: Pool;
  /** Reads what is heard on `channels.binding`. Default: nothing is heard there, since anybody can notify. */
  readonly seal?: HintSeal;
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
  const {
    seal,
    checkPeriod = 3000,
    checkTimeout = 2500,
    scheduler = asyncScheduler,
    random = Math.random,
    logger,
  } = options;
  const listenConfig: PoolConfig = {
    ...sessionConfig(config, {
      applicationName: 'tailnet-coordinator listen',
      statementTimeout: checkTimeout,
      connectionTimeout: checkTimeout,
    }),
    query_timeout: checkTimeout,
  };

  let session: ListenSession | undefined;
  let retry: Subscription | undefined;
  let learning: Subscription | undefined;
  let isNoted = false;
  /** Failed attempts since the last time we listened. */
  let failures = 0;

  /** Once for each connection: whoever sends such hints may send many, and nothing is lost with them. */
  const noteUnsealed = () => {
    if (seal?.isLearnt !== true || isNoted) return;
    isNoted = true;
    logger?.warn('rows in a hint ignored: no coordinator of this database sent them');
  };

  const hearRows = (payload: string, sender: number) => {
    const message = seal?.read(payload);
    const sealed = () => {
      const rows = message?.open();
      if (rows === undefined) noteUnsealed();
      return rows;
    };
    if (message !== undefined && readBindingHint(message.plain, sealed) !== undefined) {
      listeners.published(channels.binding, message.plain, { sender, sealed });
    } else noteUnsealed();
  };

  const connect = () => {
    isNoted = false;
    retry = undefined;
    session = openListenSession(listenConfig, checkPeriod, {
      listening: (channel) => {
        if (channel === channels.binding) {
          learning?.unsubscribe();
          learning = seal?.learn$.subscribe();
        }
        if (failures > 0) logger?.info({ failures }, 'listening to the database again');
        failures = 0;
        listeners.heard(channel);
      },
      message: (channel, payload, sender) => {
        if (channel === channels.binding) hearRows(payload, sender);
        else listeners.published(channel, payload, { sender });
      },
      broken: (error) => {
        learning?.unsubscribe();
        if (failures === 0) logger?.warn({ err: storeErrorOf(error) }, 'not listening to the database; reconnecting');
        session = undefined;
        listeners.deaf();
        const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + random() / 2);
        failures += 1;
        retry = timer(wait, scheduler).subscribe(connect);
      },
    });
    for (const channel of listeners.channels) session.listen(channel);
  };

  const disconnect = () => {
    learning?.unsubscribe();
    retry?.unsubscribe();
    session?.close();
    retry = undefined;
    session = undefined;
    listeners.deaf();
    failures = 0;
  };

  const listeners: ChannelListeners = new ChannelListeners({
    onFirst: (channel) => {
      if (session !== undefined) session.listen(channel);
      else if (retry === undefined) connect();
    },
    onLast: (channel) => {
      if (channel === channels.binding) learning?.unsubscribe();
      if (listeners.channels.length === 0) disconnect();
      else session?.unlisten(channel);
    },
  });

  const pool = options.pool ?? openPool(publishConfig(config), logger);
  const closePool = options.pool === undefined ? () => pool.end() : () => Promise.resolve();
  const run = runOn(pool, options.isPooled);
  let closing: Promise<void> | undefined;

  return {
    listen$: listeners.listen$,

    publish: (channel, payloads) =>
      payloads.length === 0
        ? EMPTY
        : run(publishStatement, [channel, JSON.stringify(payloads)], () => undefined).pipe(ignoreElements()),

    close: () =>
      defer(() => {
        disconnect();
        listeners.close();
        return (closing ??= closePool());
      }).pipe(ignoreElements()),
  };
}

const publishStatement: Statement = {
  name: 'tailnet_publish',
  text: `SELECT count(pg_notify($1::text, payload)) FROM json_array_elements_text($2::json) AS item (payload)`,
};

function publishConfig(config: string | PoolConfig): PoolConfig {
  return sessionConfig(config, {
    applicationName: 'tailnet-coordinator',
    statementTimeout: 5000,
    connectionTimeout: 5000,
  });
}
