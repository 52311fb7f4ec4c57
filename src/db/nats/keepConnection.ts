import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { timer, type SchedulerLike, type Subscription } from 'rxjs';

/** What happens to a connection that is kept. */
export interface KeptConnectionEvents {
  /** Connected, for the first time or again. What was subscribed to on the same connection before is subscribed to again. */
  up(connection: NatsConnection): void;
  /** Not connected any more, or an attempt to be has failed; others follow. */
  down(error: unknown): void;
  /** The server refused something, such as a subject. */
  refused(error: Error): void;
}

export interface KeptConnection {
  /** Ends it, and all attempts. Resolves when nothing of it is left, but a server that says nothing is not waited for. */
  close(): Promise<void>;
}

/** The first wait before connecting again, in milliseconds; each further one is twice as long, up to the longest. */
const FIRST_WAIT = 50;
const LONGEST_WAIT = 2000;

/**
 * Connects, and again for ever. The client itself reconnects, to any server of a cluster that it has heard of; what it
 * does not do is to connect for the first time for ever in a way that can be ended, nor to go on after it gave up.
 */
export function keepConnection(
  options: NodeConnectionOptions,
  events: KeptConnectionEvents,
  { scheduler, random }: { readonly scheduler: SchedulerLike; readonly random: () => number },
): KeptConnection {
  let current: NatsConnection | undefined;
  let retry: Subscription | undefined;
  let failures = 0;
  let isOver = false;
  let attempt: Promise<void> = Promise.resolve();

  const again = (error: unknown) => {
    current = undefined;
    if (isOver) return;
    events.down(error);
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** failures) * (0.5 + random() / 2);
    failures += 1;
    retry = timer(wait, scheduler).subscribe(begin);
  };

  const follow = async (connection: NatsConnection) => {
    for await (const status of connection.status()) {
      if (isOver) return;
      if (status.type === 'disconnect') events.down(new Error(`connection to ${status.server} lost`));
      else if (status.type === 'reconnect') events.up(connection);
      else if (status.type === 'error') events.refused(status.error);
    }
  };

  const begin = () => {
    retry = undefined;
    attempt = connect({
      ...options,
      reconnect: true,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectDelayHandler: () => LONGEST_WAIT * (0.25 + random() / 2),
    })
      .then(async (connection) => {
        if (isOver) return connection.close();
        current = connection;
        failures = 0;
        void follow(connection);
        void connection.closed().then((error) => again(error ?? new Error('the connection was closed')));
        events.up(connection);
        return undefined;
      })
      .catch(again);
  };

  begin();
  return {
    close: async () => {
      isOver = true;
      retry?.unsubscribe();
      await attempt;
      await current?.close();
    },
  };
}
