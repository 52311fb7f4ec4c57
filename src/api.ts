import type { Observable } from 'rxjs';
import type { Auth } from './auth/auth.js';
import type { Uuid } from './db/store.js';
import type { MultiAgent } from './multiAgent.js';
import type { CoordinateRequest, CoordinateResponse, Node } from './proto/gen/tailnet.js';
import type { WatchUpdate } from './streams/watch.js';

export type { WatchUpdate } from './streams/watch.js';

/**
 * How a coordinator is. It takes connections while it starts (what they ask for waits) and while it is healthy.
 *
 * - `starting`: no heartbeat has been written yet, or notifications are not heard yet.
 * - `unhealthy`: the last heartbeats failed; others take it for gone.
 * - `closing`: it writes what it accepted and marks its peers lost.
 * - `closed`: nothing of it is left.
 */
export type Health = 'starting' | 'healthy' | 'unhealthy' | 'closing' | 'closed';

/** What a connection may say about itself. */
export interface CoordinateOptions {
  /** A name for the logs. Default: the peer's id. */
  readonly name?: string;
  /** Authorises every request. Default `peerAuth()`: everything is allowed. */
  readonly auth?: Auth;
  /**
   * Back-pressure: while its last value is false no updates are emitted, and what changes meanwhile is merged. An error
   * that ends the connection is not held back. Default: always true.
   */
  readonly ready$?: Observable<boolean>;
}

/** One of several coordinators over one database. */
export interface Coordinator extends AsyncDisposable {
  /** Its UUID: what was given as `id`, or a random one. */
  readonly id: Uuid;

  /** Replays the current state, `closed` too; completes after that. */
  readonly health$: Observable<Health>;

  /** The live coordinators, this one included, sorted by id. Replays the current set, or the last one; completes when closed. */
  readonly coordinators$: Observable<readonly Uuid[]>;

  /**
   * Connects a peer for as long as it is subscribed to; cold. Emits what changes for the peer. Completes after a
   * Disconnect request (the peer leaves for good: its node and tunnels are deleted), when `requests$` completes without
   * one (its connection broke: it is lost, its tunnels stay), and after a response with an `error`: `coordinator closed`,
   * `coordinator unhealthy`, `peer ID overwritten by new connection`, `authorization: …`, `internal coordinator error`,
   * `too many requests are waiting` (for a slow `auth`), or what was wrong with a request. One error does not end it: `you do not share a tunnel with "…"`, after a
   * ready_for_handshake. Unsubscribing is a broken connection, too. It never errors for what a peer or the database did.
   *
   * Responses, and all that is in them, are frozen but for raw bytes: they are shared by all who are told the same.
   *
   * @param peerId the peer's UUID; the newest connection of a peer to a coordinator ends the older one
   * @param requests$ what the peer asks for. Subscribed to within the subscription, so it may be hot; not at all when the
   *   connection ends at once. Default `NEVER`: the peer only listens
   * @throws TypeError `not a UUID: "…"`
   */
  coordinate$(
    peerId: Uuid,
    requests$?: Observable<CoordinateRequest>,
    options?: CoordinateOptions,
  ): Observable<CoordinateResponse>;

  /**
   * The newest node of a peer, lost or not, or undefined if there is none; one value, then completes. Asks the database
   * once; errors with a StoreError if that fails.
   *
   * @throws TypeError `not a UUID: "…"`
   */
  node$(peerId: Uuid): Observable<Node | undefined>;

  /**
   * What becomes of a peer, for somebody who only looks: what it is now, as soon as that is known, and each change from
   * then on. It is no connection: nothing is written, and no peer can see it. Cold; any number may watch the same peer,
   * which is read once for all of them. The last value, before it completes, is `closed`, with the reason that
   * connections are told: `coordinator closed`, `coordinator unhealthy` or `internal coordinator error`. It never errors
   * for what the database did: until that answers, nothing is known.
   *
   * @throws TypeError `not a UUID: "…"`
   */
  watch$(peerId: Uuid): Observable<WatchUpdate>;

  /**
   * Connects at once as one peer that follows many agents, for callers who prefer methods to streams. `createMultiAgent`
   * does the same with anything that has a `coordinate$`.
   *
   * @throws TypeError `not a UUID: "…"`
   */
  multiAgent(peerId: Uuid): MultiAgent;

  /**
   * Lets nobody new in, ends every connection with `coordinator closed`, writes what was accepted, marks the own peers
   * lost and lets go of everything. Never rejects; takes `spread` and `closeTimeout` at most, and up to 2 s more to give
   * back connections to a database that does not answer. May be called again: what is asked for last counts.
   *
   * @param options `spread`: connections are ended one after the other over so many milliseconds, so that other
   *   coordinators take the peers in a stream and not in a wave. Default 0: all at once
   * @throws RangeError `spread must be a number from 0, got -1`
   */
  close(options?: CloseOptions): Promise<void>;
}

/** How a coordinator is closed. */
export interface CloseOptions {
  /** Milliseconds. */
  readonly spread?: number;
}
