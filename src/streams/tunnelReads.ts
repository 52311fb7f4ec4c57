import type { Logger } from 'pino';
import {
  type Observable,
  type SchedulerLike,
  EMPTY,
  catchError,
  concatMap,
  defer,
  finalize,
  ignoreElements,
  merge,
  tap,
} from 'rxjs';
import type { Pair, Uuid } from '../db/store.js';
import { createInbox } from './inbox.js';
import { coalesceInBatches } from './operators/coalesceInBatches.js';
import { inTurnsFromNow } from './operators/inTurns.js';
import type { StoreCalls } from './storeCalls.js';
import { ToldHints } from './toldHints.js';
import type { AddedTunnels, Tunneler, WrittenTunnels } from './tunneler.js';
import type { View } from './view.js';

/** Knows whom the peers that are connected here share tunnels with: by reading, and by what was written here. */
export interface TunnelReads {
  /** All that a peer shares a tunnel with must be read: it has connected, or hints were missed. */
  refreshNeighbours(peerId: Uuid): void;
  /**
   * A tunnel between these two came or went. Nothing is read for it where the answer to what was written here has said
   * so before. While that answer is awaited it is put off: the answer may say the same, and would be older than the read.
   */
  refreshTunnel(src: Uuid, dst: Uuid, sender?: number): void;
  /** Tells of tunnels that were just opened here, and does not read them for the hints about them. */
  readonly tellTunnels: (written: WrittenTunnels) => void;
  /** No answer is awaited any more about these: what was put off is read, unless it is told now. */
  readonly readPutOffTunnels: (added: AddedTunnels) => void;
  /** Hints were missed: what was told need not be followed by a hint about it. */
  forgetTold(): void;
  /** Forgets what is still to be read for a peer that is gone. */
  forget(peerId: Uuid): void;
  /** Reads while it is subscribed to. Never completes. */
  readonly reads$: Observable<never>;
}

export interface TunnelReadsOptions {
  readonly calls: Pick<StoreCalls, 'readNeighbours' | 'readPairs' | 'sizes' | 'inBatches'>;
  readonly view: View;
  readonly tunneler: Pick<Tunneler, 'isAdding' | 'adding' | 'wantedBy'>;
  /** Told who came or went for a connected peer. */
  readonly tell: (peerId: Uuid, changed: readonly Uuid[]) => void;
  /** Told when a tunnel that a connected peer may have opened was not found. */
  readonly onMissing: (peerId: Uuid, otherId: Uuid) => void;
  readonly scheduler: SchedulerLike;
  readonly logger: Logger;
}

/** Peers whose neighbours are taken in between two looks at the clock: each may have thousands. */
const peersPerLook = 1;

/** What is to be read for a peer connected here: whom it shares tunnels with, or only whether it does with some. */
type Unread = 'all' | Set<Uuid>;

/** Who has said something of a tunnel that was being opened here: by that number, or it cannot be told apart. */
type Heard = number | 'several' | 'nobody knows';

/**
 * One read of a peer at a time, so that an older answer never overwrites a newer one: all its neighbours, or single pairs,
 * which share a key, since both say something about the same pair.
 *
 * That a tunnel was written here says that it was there at that moment. Whatever took it away since then is announced,
 * and so it is read once more after the answer was taken in; where that may have been missed, or a read is under way that
 * may have begun before, the answer is not taken in, but read.
 */
export const createTunnelReads = ({
  calls,
  view,
  tunneler,
  tell,
  onMissing,
  scheduler,
  logger,
}: TunnelReadsOptions): TunnelReads => {
  const unread = new Map<Uuid, Unread>();
  /** What is being read: by an answer that may be older than what is written meanwhile. */
  const reading = new Map<Uuid, Unread>();
  /** What was written here, and told: the hints are on their way. */
  const answered = new ToldHints();
  /** Hints about tunnels that were being opened here: by source, then destination. */
  const putOff = new Map<Uuid, Map<Uuid, Heard>>();
  /** Sources whose tunnels were being written while hints were missed: those about them may have been among these. */
  const unsure = new Set<Uuid>();
  const joined$ = createInbox<Uuid>();

  const readTunnels = (peerIds: readonly Uuid[]): Observable<never> => {
    const all: Uuid[] = [];
    const some: Pair[] = [];
    for (const peerId of peerIds) {
      const what = unread.get(peerId);
      unread.delete(peerId);
      if (what === undefined || !view.isJoined(peerId)) continue;
      if (what === 'all') {
        reading.set(peerId, what);
        all.push(peerId);
        continue;
      }
      const fitting = takeSome(what, calls.sizes.pairs - some.length);
      reading.set(peerId, fitting);
      for (const otherId of fitting) some.push([peerId, otherId]);
      // The others are asked for in one more read of this peer.
      if (what.size > 0) refresh(peerId, what);
    }
    return defer(() => merge(all.length > 0 ? readAll(all) : EMPTY, some.length > 0 ? readSome(some) : EMPTY)).pipe(
      catchError((error: unknown) => {
        // What is not read stays unread; the retry finds it, with all that has come meanwhile.
        for (const peerId of all) markUnreadIfJoined(peerId, 'all');
        for (const [peerId, otherId] of some) markUnreadIfJoined(peerId, new Set([otherId]));
        throw error;
      }),
      finalize(() => {
        for (const peerId of peerIds) reading.delete(peerId);
      }),
    );
  };

  const readAll = (peerIds: readonly Uuid[]): Observable<never> =>
    calls.readNeighbours(peerIds).pipe(
      concatMap((neighbours) =>
        inTurnsFromNow(
          neighbours.entries(),
          ([peerId, neighbourIds]) => {
            tell(peerId, view.setNeighbours(peerId, new Set(neighbourIds)));
          },
          scheduler,
          peersPerLook,
        ),
      ),
    );

  const readSome = (pairs: readonly Pair[]): Observable<never> =>
    calls.readPairs(pairs).pipe(
      tap((shared) => {
        const changes = new Changes();
        pairs.forEach(([peerId, otherId], index) => {
          const isShared = shared[index] === true;
          if (view.setShared(peerId, otherId, isShared)) changes.add(peerId, otherId);
          if (!isShared) onMissing(peerId, otherId);
        });
        changes.tell(tell);
      }),
      ignoreElements(),
    );

  const markUnread = (peerId: Uuid, what: Unread): void => {
    const before = unread.get(peerId);
    if (before === 'all') return;
    if (what === 'all' || before === undefined) unread.set(peerId, what);
    else for (const otherId of what) before.add(otherId);
  };

  /** Nothing is kept of one who has left meanwhile. */
  const markUnreadIfJoined = (peerId: Uuid, what: Unread): void => {
    if (view.isJoined(peerId)) markUnread(peerId, what);
  };

  const refresh = (peerId: Uuid, what: Unread): void => {
    if (!view.isJoined(peerId)) return;
    markUnread(peerId, what);
    joined$.next(peerId);
  };

  const refreshBoth = (src: Uuid, dst: Uuid): void => {
    refresh(src, new Set([dst]));
    if (src !== dst) refresh(dst, new Set([src]));
  };

  const putOffHint = (src: Uuid, dst: Uuid, sender: number | undefined): void => {
    let heard = putOff.get(src);
    if (heard === undefined) putOff.set(src, (heard = new Map<Uuid, Heard>()));
    heard.set(dst, heard.has(dst) ? 'several' : (sender ?? 'nobody knows'));
  };

  /** What the answer says of one of the two ends. */
  const takeIn = (peerId: Uuid, otherId: Uuid, changes: Changes): void => {
    const underWay = reading.get(peerId);
    if (underWay === 'all' || underWay?.has(otherId) === true) refresh(peerId, new Set([otherId]));
    else if (view.setShared(peerId, otherId, true)) changes.add(peerId, otherId);
  };

  return {
    refreshNeighbours: (peerId) => {
      refresh(peerId, 'all');
    },
    refreshTunnel: (src, dst, sender) => {
      // A hint about an earlier statement, too: if it stayed expected, a later one of that sender would be taken for it.
      if (answered.take(sender, tunnelKey(src, dst)) && tunneler.wantedBy(src).has(dst)) return;
      if (tunneler.isAdding(src, dst)) putOffHint(src, dst, sender);
      else refreshBoth(src, dst);
    },
    tellTunnels: ({ sources, sender }) => {
      const changes = new Changes();
      for (const { src, add } of sources) {
        if (unsure.has(src)) continue;
        const heard = putOff.get(src);
        for (const dst of add) {
          takeIn(src, dst, changes);
          if (src !== dst) takeIn(dst, src, changes);
          if (heard?.has(dst) !== true) answered.expect(sender, tunnelKey(src, dst));
          else if (heard.get(dst) === sender) heard.delete(dst);
        }
      }
      changes.tell(tell);
    },
    readPutOffTunnels: (added) => {
      for (const [src, destinations] of added) {
        const dubious = unsure.delete(src) ? destinations : putOff.get(src)?.keys();
        putOff.delete(src);
        for (const dst of dubious ?? []) refreshBoth(src, dst);
      }
    },
    forgetTold: () => {
      answered.clear();
      for (const src of tunneler.adding()) unsure.add(src);
    },
    forget: (peerId) => {
      unread.delete(peerId);
    },
    reads$: joined$.pipe(
      coalesceInBatches(
        readTunnels,
        calls.inBatches('readTunnels', (peerId, err) => {
          // A defect ends the read of one key, loudly; the others go on.
          logger.error({ err, peer_id: peerId, kind: 'tunnels' }, 'read given up');
        }),
      ),
    ),
  };
};

/** Takes so many at most out of a set. */
const takeSome = (set: Set<Uuid>, most: number): Set<Uuid> => {
  const taken = new Set<Uuid>();
  for (const item of set) {
    if (taken.size >= most) break;
    taken.add(item);
    set.delete(item);
  }
  return taken;
};

const tunnelKey = (src: Uuid, dst: Uuid): string => `${src},${dst}`;

/** Who came or went, for each peer connected here. */
class Changes {
  readonly #others = new Map<Uuid, Uuid[]>();

  add(peerId: Uuid, otherId: Uuid): void {
    const others = this.#others.get(peerId);
    if (others === undefined) this.#others.set(peerId, [otherId]);
    else others.push(otherId);
  }

  tell(tell: (peerId: Uuid, others: readonly Uuid[]) => void): void {
    for (const [peerId, others] of this.#others) tell(peerId, others);
  }
}
