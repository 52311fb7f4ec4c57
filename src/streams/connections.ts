import type { Uuid } from '../db/store.js';
import { closeErrors } from '../proto/responses.js';
import type { Changes } from './changes.js';

/** One who is told things, as the shared parts of the coordinator see it: a peer's connection, or a watch. */
export interface Connection {
  /** Of a connection, its peer's. A watch has one of its own, which is no UUID. */
  readonly id: string;
  /** Tells it what may concern it. */
  tell(changes: Changes): void;
  /** Ends it, for this reason, as told to whoever is at its end. Counts once. */
  end(reason: string): void;
}

/**
 * The connections there are, one for each peer: the newest; and the watches. What the shared parts have for one of them
 * is posted by id, so that nobody has to filter what is meant for others.
 */
export class Connections {
  readonly #byId = new Map<string, Connection>();

  get size(): number {
    return this.#byId.size;
  }

  /**
   * Takes a connection in. One of the same peer that was there before is ended; since that peer may connect once more as
   * it is told, the new one may have been ended by the time this returns.
   */
  open(connection: Connection): void {
    const older = this.#byId.get(connection.id);
    this.#byId.set(connection.id, connection);
    older?.end(closeErrors.overwritten);
  }

  /**
   * Lets a connection go. Answers whether it was its peer's newest: only then may the peer's rows be withdrawn, since
   * otherwise they belong to the connection that took its place.
   */
  close(connection: Connection): boolean {
    if (this.#byId.get(connection.id) !== connection) return false;
    return this.#byId.delete(connection.id);
  }

  /** Whether a peer is connected here. */
  has = (peerId: Uuid): boolean => this.#byId.has(peerId);

  /** Tells the one with this id, if there is one, what may concern it. */
  post(id: string, changes: Changes): void {
    this.#byId.get(id)?.tell(changes);
  }

  /** The connections there are now. */
  all(): readonly Connection[] {
    return [...this.#byId.values()];
  }
}
