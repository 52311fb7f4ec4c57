import { type Subject, ReplaySubject } from 'rxjs';
import type { Uuid } from '../db/store.js';
import { closeErrors } from '../proto/responses.js';
import type { Changes } from './changes.js';
import { createInbox } from './inbox.js';

/** One connection, as the shared parts of the coordinator see it. */
export interface Connection {
  readonly peerId: Uuid;
  /** What may concern it. */
  readonly changes$: Subject<Changes>;
  /** The reason for which the coordinator ends it, as told to the peer: one value at most, also for who listens later. */
  readonly ending$: Subject<string>;
}

/**
 * The connections there are, one for each peer: the newest. What the shared parts have for a peer is posted by id, so
 * that nobody has to filter what is meant for others.
 */
export class Connections {
  readonly #byPeer = new Map<Uuid, Connection>();

  get size(): number {
    return this.#byPeer.size;
  }

  /** Takes a connection in. One of the same peer that was there before is ended. */
  open(peerId: Uuid): Connection {
    // The peer of the older one may connect a third time as it is told, before anybody listens to this one.
    // eslint-disable-next-line no-restricted-syntax -- pushed from outside as an inbox is, but not to be missed
    const connection = { peerId, changes$: createInbox<Changes>(), ending$: new ReplaySubject<string>(1) };
    const older = this.#byPeer.get(peerId);
    this.#byPeer.set(peerId, connection);
    older?.ending$.next(closeErrors.overwritten);
    return connection;
  }

  /**
   * Lets a connection go. Answers whether it was its peer's newest: only then may the peer's rows be withdrawn, since
   * otherwise they belong to the connection that took its place.
   */
  close(connection: Connection): boolean {
    if (this.#byPeer.get(connection.peerId) !== connection) return false;
    return this.#byPeer.delete(connection.peerId);
  }

  /** Whether a peer is connected here. */
  has = (peerId: Uuid): boolean => this.#byPeer.has(peerId);

  /** Tells a peer's connection, if there is one, what may concern it. */
  post(peerId: Uuid, changes: Changes): void {
    this.#byPeer.get(peerId)?.changes$.next(changes);
  }

  /** The connections there are now. */
  all(): readonly Connection[] {
    return [...this.#byPeer.values()];
  }
}
