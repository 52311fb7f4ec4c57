import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  PermissionViolationError,
  credsAuthenticator,
  type Msg,
  type NatsConnection,
  type NodeConnectionOptions,
  type Subscription as NatsSubscription,
} from '@nats-io/transport-node';
import type { Logger } from 'pino';
import {
  EMPTY,
  type Observable,
  ReplaySubject,
  asyncScheduler,
  catchError,
  defer,
  from,
  ignoreElements,
  mergeMap,
  race,
  take,
  takeUntil,
  throwError,
  timeout,
  timer,
  type SchedulerLike,
} from 'rxjs';
import type { Bus } from '../bus.js';
import { ChannelListeners } from '../channelListeners.js';
import { StoreError } from '../store.js';
import { keepConnection, type KeptConnection } from './keepConnection.js';
import { parseNatsUrl } from './natsUrl.js';
import { packPayloads, unpackPayloads } from './payloads.js';

/** In PEM each. Not the type of the client: its declarations do not compile under the strictest options. */
export interface NatsTls {
  /** Authorities of which one must have signed the certificate of the server. Default: those that Node.js knows. */
  readonly ca?: string;
  /** The certificate that is shown to the server, with `key`. Default: none. */
  readonly cert?: string;
  /** The private key of `cert`. */
  readonly key?: string;
}

/** Times are milliseconds. */
export interface NatsBusOptions {
  /** The contents of a `.creds` file, or what reads them, each time that it connects. Default: what the URL says, if anything. */
  readonly credentials?: Uint8Array | (() => Uint8Array);
  /** Authorities and certificates. With it, as with a URL `tls://…`, a connection without TLS is refused. */
  readonly tls?: NatsTls;
  /** From one ping to the next. A server that leaves two of them unanswered is taken for gone. Default 1500. */
  readonly pingPeriod?: number;
  /** Connecting, or publishing, that takes longer has failed. Default 2500. */
  readonly timeout?: number;
  /** Where waiting to reconnect happens. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike;
  /** Draws the jitter of reconnecting: from 0 up to, but without, 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'info' | 'warn' | 'error'>;
}

/** Milliseconds that closing waits for what was published last to be sent. */
const CLOSE_PATIENCE = 1000;

/**
 * NATS as a bus: a subject for each channel, below the prefix that is the path of the URL
 * (`nats://user:password@one:4222,two:4222/prefix`; `tls://…` insists on TLS). One connection, which is made for the
 * first listener or the first that is published, and kept: when it breaks another is made, with back-off and for ever,
 * and every listener hears `gap` when it listens again. While there is none, publishing fails.
 *
 * Nothing is kept by NATS: what is published is heard by those who listen in that moment. Databases that share a NATS
 * need a prefix each.
 *
 * `close()` ends everything; whoever still listens gets an error.
 *
 * @throws TypeError `bus: not a URL of NATS: …`
 */
export function natsBus(
  url: string,
  options: NatsBusOptions = {},
): Bus & {
  /** Completes when the connection is closed. */
  close(): Observable<never>;
} {
  const { scheduler = asyncScheduler, random = Math.random, timeout: limit = 2500, logger } = options;
  const { prefix, ...address } = parseNatsUrl(url);
  const config = connectionOptions(address, options, limit);

  const subscriptions = new Map<string, NatsSubscription>();
  /** How often the server has refused what was published on a subject. */
  const refusals = new Map<string, number>();
  let kept: KeptConnection | undefined;
  let connection: NatsConnection | undefined;
  /** What `subscriptions` were made on. */
  let subscribedOn: NatsConnection | undefined;
  let isUnreachable = false;
  let isClosed = false;
  /** Begins anew with each connection: tells whether the server's answer still says anything. */
  let era = Symbol();
  /** The connection that is being made for the first time. */
  const first$ = new ReplaySubject<NatsConnection>(1);

  const closed$ = new ReplaySubject<never>(1);

  const hear = (channel: string, error: Error | null, message: Msg) => {
    if (error !== null) {
      // The client has given it up. Whoever listens anew asks again: it may be allowed by then.
      subscriptions.delete(channel);
      listeners.fail(channel, new StoreError('unavailable', `not heard of NATS: ${error.message}`, { cause: error }));
      return;
    }
    const payloads = unpackPayloads(message.data);
    if (payloads === undefined) logger?.error({ subject: message.subject }, 'message not understood');
    for (const payload of payloads ?? []) listeners.published(channel, payload);
  };

  const subscribe = (to: NatsConnection, channel: string) => {
    const callback = (error: Error | null, message: Msg) => {
      if (subscriptions.get(channel) === subscription) hear(channel, error, message);
    };
    const subscription = to.subscribe(`${prefix}.${channel}`, { callback });
    subscriptions.set(channel, subscription);
  };

  /** Says gap on these channels, once the server has answered what was sent to it after their subscriptions. */
  const acknowledge = (on: NatsConnection, channels: readonly string[]) => {
    const asked = era;
    const asking = channels.map((channel) => [channel, subscriptions.get(channel)] as const);
    on.flush().then(
      () => {
        if (asked !== era) return;
        for (const [channel, subscription] of asking) {
          if (subscription === undefined || subscriptions.get(channel) !== subscription) continue;
          listeners.heard(channel);
        }
      },
      // The connection is down: the next one asks again.
      () => undefined,
    );
  };

  const events = {
    up: (made: NatsConnection) => {
      if (isUnreachable) logger?.info('connected to NATS again');
      isUnreachable = false;
      era = Symbol();
      connection = made;
      first$.next(made);
      // The client itself subscribes again, where it reconnects.
      if (subscribedOn !== made) subscriptions.clear();
      subscribedOn = made;
      const all = listeners.channels;
      for (const channel of all) if (!subscriptions.has(channel)) subscribe(made, channel);
      acknowledge(made, all);
    },
    down: (error: unknown) => {
      if (!isUnreachable)
        logger?.warn({ servers: address.servers, reason: reasonOf(error) }, 'not connected to NATS; reconnecting');
      isUnreachable = true;
      era = Symbol();
      connection = undefined;
      listeners.deaf();
    },
    refused: (error: Error) => {
      logger?.warn({ reason: reasonOf(error) }, 'NATS refused something');
      if (!(error instanceof PermissionViolationError) || error.operation !== 'publish') return;
      refusals.set(error.subject, (refusals.get(error.subject) ?? 0) + 1);
    },
  };

  const open = () => {
    kept ??= keepConnection(config, events, { scheduler, random });
  };

  const listeners = new ChannelListeners({
    onFirst: (channel) => {
      open();
      if (connection === undefined) return;
      subscribe(connection, channel);
      acknowledge(connection, [channel]);
    },
    onLast: (channel) => {
      subscriptions.get(channel)?.unsubscribe();
      subscriptions.delete(channel);
    },
  });

  /** Emits the connection: at once where there is one; otherwise only the first is waited for. */
  const connected$ = defer(() => {
    if (isClosed) return throwError(() => new StoreError('unavailable', 'the bus is closed'));
    open();
    if (connection !== undefined) return [connection];
    if (isUnreachable) return throwError(() => new StoreError('unavailable', 'not connected to NATS'));
    return race(first$, closed$).pipe(take(1));
  });

  const send = async (to: NatsConnection, channel: string, payloads: readonly string[]): Promise<void> => {
    const subject = `${prefix}.${channel}`;
    const before = refusals.get(subject);
    const largest = to.info?.max_payload ?? Infinity;
    for (const chunk of packPayloads(payloads, largest)) to.publish(subject, chunk);
    await to.flush();
    // A refusal comes before the answer to the flush, and takes longer until it is told.
    await nextTurn();
    if (refusals.get(subject) !== before)
      throw new StoreError('unavailable', `NATS does not let us publish to ${subject}`);
  };

  return {
    listen$: listeners.listen$,

    publish: (channel, payloads) =>
      payloads.length === 0
        ? EMPTY
        : connected$.pipe(
            mergeMap((to) => race(from(send(to, channel, payloads)), closed$)),
            timeout({ first: limit, scheduler }),
            ignoreElements(),
            catchError((error: unknown) => throwError(() => storeErrorOf(error))),
          ),

    close: () =>
      defer(() => {
        if (!isClosed) {
          isClosed = true;
          closed$.error(new StoreError('unavailable', 'the bus was closed'));
          listeners.close();
        }
        return kept === undefined ? EMPTY : from(kept.close());
      }).pipe(takeUntil(timer(CLOSE_PATIENCE, scheduler)), ignoreElements()),
  };
}

function connectionOptions(
  { servers, isEncrypted, user, password, token }: Omit<ReturnType<typeof parseNatsUrl>, 'prefix'>,
  { credentials, tls, pingPeriod = 1500 }: NatsBusOptions,
  limit: number,
): NodeConnectionOptions {
  return {
    name: 'tailnet-coordinator',
    servers: [...servers],
    timeout: limit,
    pingInterval: pingPeriod,
    maxPingOut: 2,
    noAsyncTraces: true,
    ...(user !== undefined && { user }),
    ...(password !== undefined && { pass: password }),
    ...(token !== undefined && { token }),
    ...(credentials !== undefined && { authenticator: credsAuthenticator(credentials) }),
    ...((isEncrypted || tls !== undefined) && { tls: tls ?? {} }),
  };
}

function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError('unavailable', `not published to NATS: ${reasonOf(error)}`, { cause: error });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
