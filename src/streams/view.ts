import type { Binding, Uuid } from '../db/store.js';
import type { Node } from '../proto/gen/tailnet.js';
import { type NodeBytes, holdBytes } from '../proto/nodeBytes.js';
import { HeldNode } from './heldNode.js';
import { type DecodedBinding, type Mapping, bestMapping } from './mapping.js';

/** What the view says of a peer, to a peer that is connected here, or to a watch. */
export type Sight = Mapping | 'absent' | 'unknown';

interface Joined {
  /** The one string for this id that is held. Equal ones come from everywhere, and each would take room of its own. */
  readonly id: Uuid;
  readonly neighbours: Set<Uuid>;
}

interface Watched {
  /** As for those who are joined. */
  readonly id: Uuid;
  /** Who looks at this one, by id: peers connected here that share a tunnel with it, and watches; never empty. */
  readonly watchers: Set<string>;
  /** Undefined until they have been read. */
  bindings: readonly DecodedBinding[] | undefined;
  best: Mapping | undefined;
}

/** How much a view holds. */
export interface ViewSize {
  readonly joined: number;
  /** Pairs of one who is joined and a neighbour. */
  readonly edges: number;
  readonly watched: number;
  /** Coordinators with bindings of peers that are watched. */
  readonly coordinators: number;
}

const nobody: ReadonlySet<Uuid> = new Set();
const none: readonly DecodedBinding[] = [];

/**
 * What this coordinator knows of the tables: for the peers connected here, whom they share a tunnel with, and for each
 * of those, and of those that somebody watches without being a peer, their bindings, held once for all who look.
 * Everything else in the database is of no interest here, and a hint about it costs one look-up.
 *
 * It is plain data: it reads nothing and tells nobody; each change returns who must be told of what. Cost: `sight`,
 * `isWatched`, `watch`, `unwatch` and `setShared` O(1); `setNeighbours` and `leave` O(neighbours); `setBindings` and `setBinding` O(rows of the peer), plus
 * its watchers for the caller; `setLive` O(peers with bindings at the coordinators that changed).
 */
export class View {
  readonly #decode: (binding: Binding) => Node | undefined;
  readonly #heldElsewhere: (peerId: Uuid) => NodeBytes | undefined;
  readonly #selfId: Uuid;
  readonly #joined = new Map<Uuid, Joined>();
  readonly #watched = new Map<Uuid, Watched>();
  /** For each coordinator, by its id, the watched peers with a binding there. */
  readonly #residents = new Map<Uuid, { readonly id: Uuid; readonly peers: Set<Uuid> }>();
  #live: ReadonlySet<Uuid> = nobody;
  /** All neighbours of all who are joined. */
  #edges = 0;

  /**
   * @param decode answers undefined for a node that cannot be decoded, and says so to whom it concerns
   * @param heldElsewhere the node of a peer as another part holds it: equal bytes are then held once. Default: nothing
   */
  constructor(
    selfId: Uuid,
    decode: (binding: Binding) => Node | undefined,
    heldElsewhere: (peerId: Uuid) => NodeBytes | undefined = () => undefined,
  ) {
    this.#selfId = selfId;
    this.#decode = decode;
    this.#heldElsewhere = heldElsewhere;
  }

  /** Starts to look for a peer that is connected here. Its neighbours are unknown, not absent, until they are set. */
  join(peerId: Uuid): void {
    if (!this.#joined.has(peerId)) this.#joined.set(peerId, { id: this.idOf(peerId), neighbours: new Set() });
  }

  /** Stops to look for a peer, and forgets whom nobody else here watches. */
  leave(peerId: Uuid): void {
    const neighbours = this.neighboursOf(peerId);
    for (const neighbourId of neighbours) this.unwatch(neighbourId, peerId);
    this.#edges -= neighbours.size;
    this.#joined.delete(peerId);
  }

  /** Looks at a peer for this watcher. Returns the string that stands for the peer from now on. */
  watch(peerId: Uuid, watcherId: string): Uuid {
    const watched = this.#watched.get(peerId);
    if (watched !== undefined) {
      watched.watchers.add(watcherId);
      return watched.id;
    }
    const id = this.#joined.get(peerId)?.id ?? flat(peerId);
    this.#watched.set(id, { id, watchers: new Set([watcherId]), bindings: undefined, best: undefined });
    return id;
  }

  /** Looks at a peer for this watcher no longer, and forgets it if nobody else here watches it. */
  unwatch(peerId: Uuid, watcherId: string): void {
    const watched = this.#watched.get(peerId);
    if (watched === undefined) return;
    watched.watchers.delete(watcherId);
    if (watched.watchers.size > 0) return;
    this.#moveResident(peerId, watched.bindings ?? none, none);
    this.#watched.delete(peerId);
  }

  /** Whether the peer is connected here. */
  isJoined(peerId: Uuid): boolean {
    return this.#joined.has(peerId);
  }

  /** Whether somebody here watches this peer. */
  isWatched(peerId: Uuid): boolean {
    return this.#watched.has(peerId);
  }

  /** The string for this id that is held here, if there is one: so that others who keep it need not hold another. */
  idOf = (peerId: Uuid): Uuid => this.#watched.get(peerId)?.id ?? this.#joined.get(peerId)?.id ?? peerId;

  /** Who watches this peer, by id. */
  watchersOf(peerId: Uuid): ReadonlySet<string> {
    return this.#watched.get(peerId)?.watchers ?? nobody;
  }

  /** Whom a peer connected here shares a tunnel with, as far as it is known. */
  neighboursOf(peerId: Uuid): ReadonlySet<Uuid> {
    return this.#joined.get(peerId)?.neighbours ?? nobody;
  }

  /** The peers that are joined. */
  joined(): IterableIterator<Uuid> {
    return this.#joined.keys();
  }

  /** The peers that are watched. */
  watched(): IterableIterator<Uuid> {
    return this.#watched.keys();
  }

  /** The coordinators whose ok bindings count as there. This one always does. */
  isLive = (coordinatorId: Uuid): boolean => coordinatorId === this.#selfId || this.#live.has(coordinatorId);

  /** What a peer that is connected here may know of another one. */
  sight(peerId: Uuid, otherId: Uuid): Sight {
    return this.neighboursOf(peerId).has(otherId) ? this.sightOf(otherId) : 'absent';
  }

  /** What is known of a peer that somebody watches. */
  sightOf(peerId: Uuid): Sight {
    const watched = this.#watched.get(peerId);
    if (watched?.bindings === undefined) return 'unknown';
    return watched.best ?? 'absent';
  }

  /** Sets all whom a joined peer shares a tunnel with. Returns those who came or went. */
  setNeighbours(peerId: Uuid, neighbourIds: ReadonlySet<Uuid>): readonly Uuid[] {
    const changed: Uuid[] = [];
    for (const id of this.neighboursOf(peerId)) {
      if (!neighbourIds.has(id) && this.setShared(peerId, id, false)) changed.push(id);
    }
    for (const id of neighbourIds) {
      if (this.setShared(peerId, id, true)) changed.push(id);
    }
    return changed;
  }

  /** Sets whether a joined peer shares a tunnel with another one. Returns whether that is news. */
  setShared(peerId: Uuid, otherId: Uuid, shared: boolean): boolean {
    const joined = this.#joined.get(peerId);
    if (joined === undefined || joined.neighbours.has(otherId) === shared) return false;
    if (shared) {
      joined.neighbours.add(this.watch(otherId, joined.id));
      this.#edges++;
    } else {
      joined.neighbours.delete(otherId);
      this.#edges--;
      this.unwatch(otherId, peerId);
    }
    return true;
  }

  /** Whether the bindings of a watched peer have never been read. */
  needsBindings(peerId: Uuid): boolean {
    const watched = this.#watched.get(peerId);
    return watched !== undefined && watched.bindings === undefined;
  }

  /**
   * Sets all bindings of a watched peer, as just read. Returns whether its watchers must look again. A row whose node
   * cannot be decoded counts with the node that was known of it before, or else of its peer, if any: whether the peer is
   * there, it still says.
   */
  setBindings(peerId: Uuid, rows: readonly Binding[]): boolean {
    const watched = this.#watched.get(peerId);
    if (watched === undefined) return false;
    const before = watched.bindings;
    const bindings: DecodedBinding[] = [];
    for (const row of rows) {
      const known = before?.find(({ coordinatorId }) => coordinatorId === row.coordinatorId);
      const decoded = this.#decodeRow(row, known, watched.best);
      if (decoded !== undefined) bindings.push(decoded);
    }
    watched.bindings = bindings;
    this.#moveResident(watched.id, before ?? none, bindings);
    return this.#updateBest(watched) || before === undefined;
  }

  /**
   * Sets one binding of a watched peer, as somebody has just written it; what is known of the others stays. Answers
   * whether its watchers must look again (`changed`) or need not (`same`). `unread`: it says nothing that can be relied on,
   * because it is older than what is known of it, or because the others are not known yet. A row of which nothing is
   * known may have been deleted since.
   *
   * @param stands whether it is certain that it was not
   */
  setBinding(row: Binding, stands: boolean): 'changed' | 'same' | 'unread' {
    const watched = this.#watched.get(row.peerId);
    if (watched?.bindings === undefined) return 'unread';
    const before = watched.bindings;
    const known = before.find(({ coordinatorId }) => coordinatorId === row.coordinatorId);
    if (known === undefined && !stands) return 'unread';
    if (known !== undefined && known.updatedAt >= row.updatedAt) {
      const isKnown = known.updatedAt === row.updatedAt && known.node.bytes === holdBytes(row.node);
      return isKnown && known.status === row.status ? 'same' : 'unread';
    }
    const decoded = this.#decodeRow(row, known, undefined);
    if (decoded?.updatedAt !== row.updatedAt) return 'unread';
    watched.bindings = known === undefined ? [...before, decoded] : before.map((b) => (b === known ? decoded : b));
    if (known === undefined) this.#moveResident(watched.id, before, watched.bindings);
    return this.#updateBest(watched) ? 'changed' : 'same';
  }

  /** Sets which coordinators are live. Returns the watched peers for whom that makes a difference. */
  setLive(live: ReadonlySet<Uuid>): readonly Uuid[] {
    const before = this.#live;
    this.#live = live;
    const changed = new Set<Uuid>();
    for (const coordinatorId of symmetricDifference(before, live)) {
      for (const peerId of this.#residents.get(coordinatorId)?.peers ?? nobody) {
        const watched = this.#watched.get(peerId);
        if (watched !== undefined && this.#updateBest(watched)) changed.add(peerId);
      }
    }
    return [...changed];
  }

  /** How much it holds: for metrics, and for tests that look for leaks. */
  get size(): ViewSize {
    const [joined, watched, coordinators] = [this.#joined.size, this.#watched.size, this.#residents.size];
    return { joined, edges: this.#edges, watched, coordinators };
  }

  #decodeRow(row: Binding, known: DecodedBinding | undefined, best: Mapping | undefined): DecodedBinding | undefined {
    const { updatedAt, status } = row;
    const coordinatorId = known?.coordinatorId ?? this.#residents.get(row.coordinatorId)?.id ?? row.coordinatorId;
    const read = holdBytes(row.node);
    const held = this.#heldElsewhere(row.peerId);
    const bytes = held === read ? held : read;
    if (known?.node.bytes === bytes) return { coordinatorId, updatedAt, status, node: known.node };
    const decoded = this.#decode(row);
    if (decoded === undefined) {
      const last = known ?? best;
      return last && { coordinatorId, updatedAt: last.updatedAt, status, node: last.node };
    }
    return { coordinatorId, updatedAt, status, node: new HeldNode(bytes, decoded) };
  }

  #updateBest(watched: Watched): boolean {
    const best = bestMapping(watched.bindings ?? none, this.isLive);
    const before = watched.best;
    watched.best = best;
    return best?.kind !== before?.kind || best?.node !== before?.node;
  }

  #moveResident(peerId: Uuid, before: readonly DecodedBinding[], after: readonly DecodedBinding[]): void {
    for (const { coordinatorId } of before) {
      if (after.some((binding) => binding.coordinatorId === coordinatorId)) continue;
      const residents = this.#residents.get(coordinatorId);
      residents?.peers.delete(peerId);
      if (residents?.peers.size === 0) this.#residents.delete(coordinatorId);
    }
    for (const { coordinatorId } of after) {
      const residents = this.#residents.get(coordinatorId);
      if (residents === undefined) this.#residents.set(coordinatorId, { id: coordinatorId, peers: new Set([peerId]) });
      else residents.peers.add(peerId);
    }
  }
}

/** A copy: a string that was cut out of another one holds on to that. */
const flat = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');

function* symmetricDifference(a: ReadonlySet<Uuid>, b: ReadonlySet<Uuid>): Generator<Uuid> {
  for (const id of a) if (!b.has(id)) yield id;
  for (const id of b) if (!a.has(id)) yield id;
}
