import type { Observable, ObservableInput, SchedulerLike } from 'rxjs';
import type { DeepPartial, Node } from '../proto/gen/tailnet.js';
import type { Uuid } from '../proto/uuid.js';
import type { RemotePeer } from './tailnetState.js';
import type { ClientRole, Transport } from './transport.js';

/** How long to wait between connections. Times are milliseconds. */
export interface ClientBackoff {
  /** The longest first wait. Default 500. */
  readonly initial?: number;
  /** The longest of all. Default 10000. */
  readonly max?: number;
}

/** Who a client is, what it publishes, and whom it wants to reach. */
export interface TailnetClientOptions {
  /**
   * The coordinator, such as `wss://tailnet.example/api/v2/coordinate`; the path may be left out. With the transport for
   * gRPC, `grpc://host:7351` or `grpcs://…`. To be left out only with a transport that has no use for it.
   */
  readonly url?: string | URL;
  /** This peer. One program at a time: the newest connection of an id ends the older one. */
  readonly id: Uuid;
  /**
   * Proves who this is. A function is asked anew for each connection; if it fails, that is tried again like a connection
   * that failed. WebSockets of Node.js and gRPC send it in a header; browsers cannot, so there it is part of the URL that
   * is asked for, and proxies may log it. Default: none.
   */
  readonly token?: string | (() => ObservableInput<string>);
  /** For the logs of the coordinator. Default: the id. */
  readonly name?: string;
  /**
   * What this peer is to the coordinator; with a token, it must be what the token says. Default: what the query of the
   * URL or the token says, or else `peer`.
   */
  readonly role?: ClientRole;
  /** The agent that a client belongs to; required with the role `client`, but for a token. */
  readonly agentId?: Uuid;
  /**
   * What this peer publishes. Each value is sent in place of the one before, and the newest one again after each
   * reconnect. When it completes, its last value stays. An error of it is an error of the client.
   */
  readonly node$: Observable<DeepPartial<Node>>;
  /**
   * The peers to have tunnels to, all of them each time: the client sends what has changed, and everything after each
   * reconnect. When it completes, its last value stays. Default: none.
   */
  readonly tunnels$?: Observable<Iterable<Uuid>>;
  /**
   * Leaves for good when it emits: a Disconnect is sent, by which the own node and tunnels are deleted, and the client
   * completes as soon as the coordinator has closed. Between two connections there is nobody to tell, so it completes at
   * once, and the node and tunnels stay. Default: never.
   */
  readonly goodbye$?: Observable<unknown>;
  /** How long the coordinator may take to answer the goodbye, in milliseconds. Default 5000. */
  readonly goodbyePatience?: number;
  /**
   * Connects anew at once when it emits, whatever there is now: a connection, or a wait for the next. For who knows that
   * the network has changed. Default: never.
   */
  readonly reconnect$?: Observable<unknown>;
  /**
   * Who tells the others that their nodes are in use here, so that they may start their handshakes. `true`: the client,
   * for each node that it emits, when its subscriber has returned from `next`. An Observable: whoever programs, for the
   * ids that it emits. `false`: nobody. Default `true`, but with the role `client`, which may not, `false`.
   */
  readonly readyForHandshake?: boolean | Observable<Iterable<Uuid>>;
  /**
   * How long a peer is kept that is lost, in milliseconds. `Infinity`: until the coordinator says that it left.
   * Default 900000, 15 minutes.
   */
  readonly lostGrace?: number;
  /**
   * When a peer that is to be dropped was last heard of without the coordinator, such as the time of the last WireGuard
   * handshake with it, in milliseconds of the scheduler's clock (`Date.now()`); undefined: never. Its grace counts from
   * there. Asked once it seems to be over; an error is an error of the client. Default: never.
   */
  readonly lastHandshake?: (peer: RemotePeer) => ObservableInput<number | undefined>;
  /** What carries the connection. Default `webSocketTransport()`. */
  readonly transport?: Transport;
  /** How long to wait before connecting again. */
  readonly backoff?: ClientBackoff;
  /** Where all waiting happens. Default `asyncScheduler`, which is virtual inside `testScheduler.run()`. */
  readonly scheduler?: SchedulerLike;
  /** Draws jitter: a number from 0 up to, but without, 1. Default `Math.random`. */
  readonly random?: () => number;
}
