import type { Observable } from 'rxjs';

/** A UUID as lower-case text: a peer's or a coordinator's. */
export type Uuid = string;

/** Microseconds since the epoch by the database's clock; exact in a double until the year 2255. */
export type Microseconds = number;

/** One row of `tailnet_peers`: the node of a peer at a coordinator. */
export interface Binding {
  /** Whose node it is. */
  readonly peerId: Uuid;
  /** The coordinator that the peer is, or was, connected to. */
  readonly coordinatorId: Uuid;
  /** When the row was last written. Only these times order the bindings of one peer. */
  readonly updatedAt: Microseconds;
  /** The encoded node, as the peer's coordinator wrote it. Perhaps a part of a larger answer: to keep it, copy it. */
  readonly node: Uint8Array;
  /** `lost`: the connection broke, and the peer may come back. */
  readonly status: 'ok' | 'lost';
}

/** A binding of a coordinator that is known, without the node. */
export type OwnBinding = Omit<Binding, 'coordinatorId' | 'node'>;

/**
 * What is to become of a peer's binding at the writing coordinator.
 *
 * - `node`: the row is inserted or overwritten, status ok.
 * - `lost`: a row that is there gets this node and status lost; none is made.
 * - `disconnected`: the row is deleted, and so are the rows that the peer left behind elsewhere: those that are lost,
 *   and those of coordinators that have gone silent.
 */
export type BindingWrite =
  | { readonly kind: 'node' | 'lost'; readonly peerId: Uuid; readonly node: Uint8Array }
  | { readonly kind: 'disconnected'; readonly peerId: Uuid };

/** That bindings were written. */
export interface BindingsWritten {
  /** The time that they carry now as `updatedAt`. */
  readonly at: Microseconds;
  /**
   * As whom the bus knows who announced it (`Origin.sender`), on the peers' channel once for each row that changed: so
   * many of the hints from there, and no more, say what this answer says. Undefined where that cannot be said.
   */
  readonly sender?: number;
}

/** A directed row of `tailnet_tunnels`; what it makes visible goes both ways. */
export interface Tunnel {
  /** Who opened it. */
  readonly src: Uuid;
  /** To whom. */
  readonly dst: Uuid;
}

/**
 * Changes to tunnels. Each pair stands in one of `add`, `remove` and `removeOwn` once at most, each source in `clear` once.
 *
 * `remove` and `clear` (all tunnels of a source, but for those in `add`) also reach the rows that other coordinators
 * hold, unless the source is live there: its binding ok and the coordinator not silent.
 */
export interface TunnelWrites {
  /** Rows to insert, or to write again. */
  readonly add: readonly Tunnel[];
  /** Rows to delete. */
  readonly remove: readonly Tunnel[];
  /** Sources all of whose rows are to be deleted. */
  readonly clear: readonly Uuid[];
  /**
   * Rows to delete, of the writing coordinator alone: those of others stay, live or not. As with `remove`, what was there
   * is announced. The source may be in `clear`, too. Whoever asks for none may leave it out; a store must do it.
   */
  readonly removeOwn?: readonly Tunnel[];
}

/** That tunnels were written. */
export interface TunnelsWritten {
  /** The time that those that were added carry now. */
  readonly at: Microseconds;
  /**
   * As whom the bus knows who announced it (`Origin.sender`), on the tunnels' channel once for each that was added: one
   * hint from there about each of those, and no more, says what this answer says. Undefined where that cannot be said.
   */
  readonly sender?: number;
}

/** An unordered pair of peers, for which a tunnel in either direction counts. */
export type Pair = readonly [Uuid, Uuid];

/** Whom a peer shares at least one tunnel with, whichever end opened it. */
export interface Neighbours {
  /** The peer. */
  readonly peerId: Uuid;
  /** Those at the other ends, each once, in any order; never empty. */
  readonly neighbourIds: readonly Uuid[];
}

/** Who writes. */
export interface Writer {
  /** The coordinator whose rows they are. */
  readonly coordinatorId: Uuid;
  /** Milliseconds after which a coordinator without a heartbeat counts as silent. */
  readonly expiry: number;
  /**
   * By how many milliseconds the times are off that other coordinators write, because their sessions are in another time
   * zone: what is to be added to have the true ones. Default: by nothing. A store that no other software writes to may
   * leave it alone.
   */
  readonly shifts?: ReadonlyMap<Uuid, number>;
}

/** What a heartbeat found. */
export interface HeartbeatResult {
  /** The coordinator's row was not there. Whatever it had written before went with it. */
  readonly created: boolean;
  /** At least one binding of this coordinator was there, or that could not be told in time. */
  readonly hasBindings: boolean;
  /** At least one tunnel of this coordinator was there, or that could not be told in time. */
  readonly hasTunnels: boolean;
}

/** A coordinator, and how long ago it wrote its last heartbeat. */
export interface CoordinatorAge {
  /** The coordinator. */
  readonly coordinatorId: Uuid;
  /**
   * Milliseconds, computed by the database: no other clock is compared. Below 0 if the heartbeat is from the future: by
   * hours, if who wrote it lives in another time zone.
   */
  readonly age: number;
}

/**
 * The tables, as the coordinator uses them.
 *
 * - Every method returns a cold Observable that does its work once per subscription and errors only with a
 *   {@link StoreError}. Whatever emits a value emits exactly one, then completes.
 * - Every write announces what it changed on the bus. No listener hears of a change that it cannot read yet; and no change
 *   goes unannounced, if the store and the bus are one. Otherwise what changed is announced as soon as it can be read,
 *   unless the process dies in between; after an answer that was lost, all that may have changed is.
 * - Every write can be repeated, because its answer may be lost although it took effect.
 * - Batches hold each key once. Order within a batch means nothing.
 */
export interface Store {
  /** Sets the coordinator's heartbeat to now, making its row if need be. Announced on `heartbeat`. */
  heartbeat(coordinatorId: Uuid): Observable<HeartbeatResult>;

  /** All coordinators whose last heartbeat is less than `maxAge` milliseconds old. */
  readCoordinators(maxAge: number): Observable<readonly CoordinatorAge[]>;

  /** Writes bindings. Errors with `missing-coordinator` before the first heartbeat. */
  writeBindings(writer: Writer, writes: readonly BindingWrite[]): Observable<BindingsWritten>;

  /** Writes tunnels. Errors with `missing-coordinator` before the first heartbeat. */
  writeTunnels(writer: Writer, writes: TunnelWrites): Observable<TunnelsWritten>;

  /**
   * Marks every ok binding of a coordinator lost, as of now; how many there were. The day after which the cleanup takes
   * lost bindings begins here, also for peers whose nodes had not changed for long.
   */
  loseBindings(coordinatorId: Uuid): Observable<number>;

  /** Everybody these peers share a tunnel with. A peer without tunnels has no entry. */
  readNeighbours(peerIds: readonly Uuid[]): Observable<readonly Neighbours[]>;

  /** Which of these pairs share a tunnel: the positions of those that do not are false. */
  readPairs(pairs: readonly Pair[]): Observable<readonly boolean[]>;

  /** All bindings of these peers. */
  readBindings(peerIds: readonly Uuid[]): Observable<readonly Binding[]>;

  /** All bindings of a coordinator, in any order, to be gone through once: they may be many, and made one by one. */
  readOwnBindings(coordinatorId: Uuid): Observable<Iterable<OwnBinding>>;

  /** Up to `limit` tunnels of a coordinator after `after`, in the order of source, then destination. */
  readOwnTunnels(coordinatorId: Uuid, after: Tunnel | undefined, limit: number): Observable<readonly Tunnel[]>;

  /** Deletes coordinators whose last heartbeat is more than 24 h old, with all they wrote; how many. */
  cleanCoordinators(): Observable<number>;

  /** Deletes bindings that have been lost for more than 24 h; how many. */
  cleanLostBindings(): Observable<number>;

  /** Deletes tunnels older than 24 h whose source has no binding at the same coordinator; how many. */
  cleanTunnels(): Observable<number>;
}

/**
 * Why a store did not do what it was asked.
 *
 * - `unavailable`: the database cannot be reached, is overloaded, timed out, or lacks what an operator will restore.
 *   The same call may succeed later. Anything unknown counts as this.
 * - `missing-coordinator`: the writing coordinator has no row; its next heartbeat makes one.
 * - `refused`: the database will never take this batch; at least one item in it is at fault.
 */
export type StoreErrorReason = 'unavailable' | 'missing-coordinator' | 'refused';

/** The one error a {@link Store} or a bus reports; `cause` holds what lies behind it. */
export class StoreError extends Error {
  /** `StoreError`. */
  override readonly name = 'StoreError';
  /** What may be done about it. */
  readonly reason: StoreErrorReason;

  constructor(reason: StoreErrorReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}
