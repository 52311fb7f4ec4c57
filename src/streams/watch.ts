import { type Subscriber, Observable } from 'rxjs';
import type { Uuid } from '../db/store.js';
import type { Node } from '../proto/gen/tailnet.js';
import type { Connection, Connections } from './connections.js';
import type { Mapping } from './mapping.js';
import type { Sight, View } from './view.js';

/** What somebody who watches a peer is told. Frozen, and so is the node, but for its raw bytes: they are shared. */
export type WatchUpdate =
  /** It is there, and has this node now. */
  | { readonly kind: 'node'; readonly node: Node }
  /** It is lost: its connection broke, or its coordinator is silent. This is the last node that it had. */
  | { readonly kind: 'lost'; readonly node: Node }
  /** There is no node of it: it left for good, or it has never published one. */
  | { readonly kind: 'disconnected' }
  /** The coordinator ends the watch, for this reason, such as `coordinator closed`. Nothing follows. */
  | { readonly kind: 'closed'; readonly reason: string };

/** The parts that all watches of a coordinator share. */
export interface WatchParts {
  readonly connections: Pick<Connections, 'open' | 'close'>;
  readonly view: Pick<View, 'watch' | 'unwatch' | 'needsBindings' | 'sightOf'>;
  readonly querier: { readonly refreshBindings: (peerId: Uuid) => unknown };
}

/**
 * What becomes of a peer, told to somebody who is none: what it is now, as soon as that has been read, and each change
 * from then on. Who is best of several bindings, and who counts as lost, is decided as for everybody else. It writes
 * nothing, and no peer can see it.
 */
export const watch$ = (parts: WatchParts, peerId: Uuid): Observable<WatchUpdate> =>
  new Observable((subscriber) => {
    const watch = new Watch(parts, peerId, subscriber);
    const { connections, view, querier } = parts;
    view.watch(peerId, watch.id);
    connections.open(watch);
    subscriber.add(() => {
      connections.close(watch);
      view.unwatch(peerId, watch.id);
    });
    if (view.needsBindings(peerId)) querier.refreshBindings(peerId);
    else watch.tell();
  });

/** So that no two watches have the same id. */
let serials = 0;

class Watch implements Connection {
  readonly id = `watch ${String(++serials)}`;
  readonly #view: WatchParts['view'];
  readonly #peerId: Uuid;
  readonly #subscriber: Subscriber<WatchUpdate>;
  #told: Mapping | 'absent' | undefined;

  constructor({ view }: WatchParts, peerId: Uuid, subscriber: Subscriber<WatchUpdate>) {
    this.#view = view;
    this.#peerId = peerId;
    this.#subscriber = subscriber;
  }

  /** Nothing else concerns it than the one peer: there is no need to say which. */
  tell(): void {
    const before = this.#told;
    const now = this.#view.sightOf(this.#peerId);
    if (now === 'unknown') return;
    // Also the equal one: everybody then holds on to the same.
    this.#told = now;
    if (!isSame(before, now)) this.#subscriber.next(updateOf(now));
  }

  end(reason: string): void {
    this.#subscriber.next(Object.freeze({ kind: 'closed', reason }));
    this.#subscriber.complete();
  }
}

const isSame = (before: Sight | undefined, now: Sight): boolean =>
  before === now ||
  (typeof before === 'object' && typeof now === 'object' && before.kind === now.kind && before.node.isSameAs(now.node));

const updateOf = (now: Mapping | 'absent'): WatchUpdate =>
  Object.freeze(now === 'absent' ? { kind: 'disconnected' } : { kind: now.kind, node: now.node.decoded });
