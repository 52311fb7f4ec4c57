import type { Uuid } from '../db/store.js';
import { closeErrors } from '../proto/responses.js';
import type { Changes } from './changes.js';

/** One connection, as the shared parts of the coordinator see it. */
export interface Connection {
  readonly peerId: Uuid;
  /** Tells it what may concern it. */
  tell(changes: Changes): void;
  /** Ends it, for this reason, as told to the peer. Counts once. */
  end(reason: string): void;
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

  /**
   * Takes a connection in. One of the same peer that was there before is ended; since that peer may connect once more as
   * it is told, the new one may have been ended by the time this returns.
   */
  open(connection: Connection): void {
    const older = this.#byPeer.get(connection.peerId);
    this.#byPeer.set(connection.peerId, connection);
    older?.end(closeErrors.overwritten);
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
    this.#byPeer.get(peerId)?.tell(changes);
  }

  /** The connections there are now. */
  all(): readonly Connection[] {
    return [...this.#byPeer.values()];
  }
}
