import { Socket } from 'node:net';
import type { ClientConfig } from 'pg';
import createSubscriber from 'pg-listen';
import { StoreError } from '../store.js';

/** What happens to a session. After `broken`, or after it was closed, nothing more. */
export interface ListenSessionEvents {
  /** What is published on this channel from here on is heard. */
  listening(channel: string): void;
  /** `sender`: the process that notified. */
  message(channel: string, payload: string, sender: number): void;
  /** The connection is gone or was never made. It has been cleaned up; the session is of no use any more. */
  broken(error: unknown): void;
}

export interface ListenSession {
  listen(channel: string): void;
  unlisten(channel: string): void;
  close(): void;
}

/**
 * One connection that listens, until it breaks. It is checked with a statement every `checkPeriod` milliseconds; a
 * timeout for that statement must be in the configuration, or a server that froze is not noticed.
 *
 * `pg-listen` can reconnect, but it cannot be stopped while it does, and some of its failures end it silently. So it
 * is told not to (`retryLimit: 1` means no attempt), and whoever opened the session opens another.
 */
export function openListenSession(
  config: ClientConfig,
  checkPeriod: number,
  events: ListenSessionEvents,
): ListenSession {
  /** Channels wanted, each with the request that an acknowledgement must still belong to. */
  const wanted = new Map<string, symbol>();
  let isConnected = false;
  let isOver = false;

  let socket: Socket | undefined;
  const subscriber = createSubscriber.default(
    { stream: () => (socket = new Socket()), ...config },
    { retryLimit: 1, paranoidChecking: checkPeriod, parse: (text) => text, serialize: String },
  );

  const close = () => {
    if (isOver) return;
    isOver = true;
    // Never wait for a server that may not answer: say goodbye if that can be sent at once, and hang up.
    subscriber.close().catch(() => undefined);
    if (socket?.connecting === true) socket.destroy();
    else socket?.destroySoon();
  };
  const fail = (error: unknown) => {
    if (isOver) return;
    close();
    events.broken(error);
  };
  /** One statement after the other: `pg` means to refuse a connection that is given two at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = (work: () => Promise<unknown> | undefined) => {
    turn = turn.then(() => (isOver ? undefined : work())).catch(fail);
  };
  const sendListen = (channel: string, request: symbol) =>
    inTurn(async () => {
      await subscriber.listenTo(channel);
      if (!isOver && wanted.get(channel) === request) events.listening(channel);
    });

  subscriber.events.on('error', (error) => {
    // It speaks of connecting anew, which it was told not to do.
    const isLoss = error.message.includes('after connection loss failed');
    fail(isLoss ? new StoreError('unavailable', 'the connection was lost', { cause: error }) : error);
  });
  subscriber.events.on('notification', ({ channel, payload, processId }) => {
    // pg-listen passes no payload on when it is empty.
    if (!isOver) events.message(channel, typeof payload === 'string' ? payload : '', processId);
  });
  subscriber
    .connect()
    .then(() => {
      if (isOver) return;
      isConnected = true;
      for (const [channel, request] of wanted) sendListen(channel, request);
    })
    .catch(fail);

  return {
    listen(channel) {
      const request = Symbol(channel);
      wanted.set(channel, request);
      if (isConnected && !isOver) sendListen(channel, request);
    },
    unlisten(channel) {
      wanted.delete(channel);
      if (isConnected && !isOver) inTurn(() => subscriber.unlisten(channel));
    },
    close,
  };
}
