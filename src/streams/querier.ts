import type { Logger } from 'pino';
import {
  type MonoTypeOperatorFunction,
  type Observable,
  EMPTY,
  catchError,
  defer,
  ignoreElements,
  map,
  merge,
} from 'rxjs';
import type { Uuid } from '../db/store.js';
import { peersChanged } from './changes.js';
import type { Connections } from './connections.js';
import { coalesceByKey } from './operators/coalesceByKey.js';
import type { SharedQuestion, StoreCalls } from './storeCalls.js';
import type { View } from './view.js';
import { createInbox } from './inbox.js';

/** Keeps the view true: reads what hints say has changed, and tells the connections whom it concerns. */
export interface Querier {
  /** All that a peer shares a tunnel with must be read: it has connected, or hints were missed. */
  refreshNeighbours(peerId: Uuid): void;
  /** A tunnel between these two came or went. */
  refreshTunnel(src: Uuid, dst: Uuid): void;
  /** A peer's bindings changed. Costs one look-up when nobody here shares a tunnel with it. */
  refreshBindings(peerId: Uuid): void;
  /** Forgets what is still to be read for a peer that is gone. */
  forget(peerId: Uuid): void;
  /** Reads while it is subscribed to. Never completes. */
  readonly reads$: Observable<never>;
}

export interface QuerierOptions {
  readonly calls: Pick<StoreCalls, 'readNeighbours' | 'readShared' | 'readBindings' | 'retry'>;
  readonly view: View;
  readonly connections: Connections;
  readonly logger: Logger;
  /** Told when a tunnel that a connected peer may have opened was not found. */
  readonly onMissing: (peerId: Uuid, otherId: Uuid) => void;
}

/** What is to be read for a peer connected here: whom it shares tunnels with, or only whether it does with some. */
type Unread = 'all' | Set<Uuid>;

/**
 * There are two kinds of reads, each with one read of a key at a time, so that an older answer never overwrites a newer
 * one: of whom a connected peer shares tunnels with (all, or single pairs: they share a key, since both say something
 * about the same pair), and of a watched peer's bindings.
 */
export const createQuerier = ({ calls, view, connections, logger, onMissing }: QuerierOptions): Querier => {
  const unread = new Map<Uuid, Unread>();
  const joined$ = createInbox<Uuid>();
  const watched$ = createInbox<Uuid>();

  /** Tells a peer who came or went; those who came and are new to the view are told of once they have been read. */
  const tell = (peerId: Uuid, changed: readonly Uuid[]): void => {
    if (changed.length === 0) return;
    for (const id of changed) if (view.needsBindings(id)) watched$.next(id);
    connections.post(peerId, peersChanged(changed));
  };

  const readTunnels = (peerId: Uuid): Observable<never> => {
    const what = unread.get(peerId);
    if (what === undefined || !view.isJoined(peerId)) return EMPTY;
    return what === 'all' ? readAll(peerId) : readSome(peerId);
  };

  /** What is not read stays unread; the retry finds it, with all that has come meanwhile. */
  const unlessRead = (peerId: Uuid, what: () => Unread): MonoTypeOperatorFunction<never> =>
    catchError((error: unknown) => {
      markUnread(peerId, what());
      throw error;
    });

  const readAll = (peerId: Uuid): Observable<never> => {
    unread.delete(peerId);
    return calls.readNeighbours(peerId).pipe(
      map((neighbours) => {
        tell(peerId, view.setNeighbours(peerId, neighbours));
      }),
      ignoreElements(),
      unlessRead(peerId, () => 'all'),
    );
  };

  const readSome = (peerId: Uuid): Observable<never> => {
    let others: readonly Uuid[] = [];
    const newest = (): SharedQuestion => {
      const what = unread.get(peerId);
      // If all are to be read by now, another read follows this one.
      if (what !== undefined && what !== 'all') {
        others = [...others, ...what];
        unread.delete(peerId);
      }
      return { peerId, others };
    };
    return calls.readShared(newest).pipe(
      map((shared) => {
        tell(
          peerId,
          others.filter((otherId, index) => view.setShared(peerId, otherId, shared[index] === true)),
        );
        others.forEach((otherId, index) => {
          if (shared[index] !== true) onMissing(peerId, otherId);
        });
      }),
      ignoreElements(),
      unlessRead(peerId, () => new Set(others)),
    );
  };

  const readBindings = (peerId: Uuid): Observable<never> => {
    if (!view.isWatched(peerId)) return EMPTY;
    return calls.readBindings(peerId).pipe(
      map((rows) => {
        if (!view.setBindings(peerId, rows)) return;
        const changes = peersChanged([peerId]);
        for (const watcherId of view.watchersOf(peerId)) connections.post(watcherId, changes);
      }),
      ignoreElements(),
    );
  };

  const markUnread = (peerId: Uuid, what: Unread): void => {
    const before = unread.get(peerId);
    if (before === 'all') return;
    if (what === 'all' || before === undefined) unread.set(peerId, what);
    else for (const otherId of what) before.add(otherId);
  };

  const refresh = (peerId: Uuid, what: Unread): void => {
    if (!view.isJoined(peerId)) return;
    markUnread(peerId, what);
    joined$.next(peerId);
  };

  /** A defect ends the read of one key, loudly; the others go on. */
  const guarded = (kind: string, read: (peerId: Uuid) => Observable<never>) => (peerId: Uuid) =>
    defer(() => read(peerId)).pipe(
      calls.retry<never>(),
      catchError((err: unknown) => {
        logger.error({ err, peer_id: peerId, kind }, 'read given up');
        return EMPTY;
      }),
    );

  return {
    refreshNeighbours: (peerId) => {
      refresh(peerId, 'all');
    },
    refreshTunnel: (src, dst) => {
      refresh(src, new Set([dst]));
      if (src !== dst) refresh(dst, new Set([src]));
    },
    refreshBindings: (peerId) => {
      if (view.isWatched(peerId)) watched$.next(peerId);
    },
    forget: (peerId) => {
      unread.delete(peerId);
    },
    reads$: merge(
      joined$.pipe(coalesceByKey(guarded('tunnels', readTunnels))),
      watched$.pipe(coalesceByKey(guarded('bindings', readBindings))),
    ),
  };
};
