import {
  type Observable,
  type ObservableInput,
  type SchedulerLike,
  EMPTY,
  concatMap,
  defaultIfEmpty,
  defer,
  distinctUntilChanged,
  forkJoin,
  from,
  map,
  of,
  switchMap,
  take,
  timer,
} from 'rxjs';
import type { Uuid } from '../proto/uuid.js';
import { longestTimer } from './milliseconds.js';
import type { RemotePeer, TailnetState } from './tailnetState.js';

/** How long lost peers are kept. */
export interface ExpiryOptions {
  /** Milliseconds; may be infinite. */
  readonly lostGrace: number;
  /** When a peer was last heard of otherwise. Default: never. */
  readonly lastHandshake?: (peer: RemotePeer) => ObservableInput<number | undefined>;
  readonly scheduler: SchedulerLike;
}

/** Emits the peers that have been lost for too long, when they have been. One timer, whatever the number of peers. */
export const expiry$ = (
  states$: Observable<TailnetState>,
  { lostGrace, lastHandshake, scheduler }: ExpiryOptions,
): Observable<readonly Uuid[]> =>
  defer(() => {
    /** Since when nothing was heard of each lost peer. */
    let silentSince: ReadonlyMap<RemotePeer, number> = new Map();

    const whenDue$ = (deadline: number): Observable<readonly RemotePeer[]> => {
      if (deadline === Infinity) return EMPTY;
      const left = Math.max(0, deadline - scheduler.now());
      const isOver = left <= longestTimer;
      return timer(Math.min(left, longestTimer), scheduler).pipe(
        switchMap(() => (isOver ? of(duePeers(silentSince, scheduler.now() - lostGrace)) : whenDue$(deadline))),
      );
    };

    const lastHeard$ = (peer: RemotePeer): Observable<number> =>
      from(lastHandshake?.(peer) ?? of(undefined)).pipe(
        take(1),
        defaultIfEmpty(undefined),
        map((heard) => {
          if (Number.isNaN(heard)) throw new RangeError('lastHandshake: NaN is no time in milliseconds');
          return heard ?? -Infinity;
        }),
      );

    /** Of those that seem to be due, the ones that are; the others have some more time. */
    const overdue$ = (peers: readonly RemotePeer[]): Observable<readonly Uuid[]> =>
      forkJoin(peers.map(lastHeard$)).pipe(
        map((heard) => {
          const limit = scheduler.now() - lostGrace;
          const extended = new Map(silentSince);
          const due = peers.filter((peer, index) => {
            const last = heard[index] ?? -Infinity;
            // Somebody who is not lost any more is none of ours.
            if (!extended.has(peer)) return false;
            if (last > limit) extended.set(peer, last);
            return last <= limit;
          });
          silentSince = extended;
          return due.map(({ id }) => id);
        }),
        // The clock was set back, and nobody is due.
        defaultIfEmpty([]),
      );

    const untilNext$ = (deadline: number): Observable<readonly Uuid[]> =>
      whenDue$(deadline).pipe(
        switchMap(overdue$),
        // What expires comes back as a state without it, and that starts the next wait.
        concatMap((ids) => (ids.length > 0 ? of(ids) : untilNext$(earliest(silentSince) + lostGrace))),
      );

    return states$.pipe(
      map(({ peers }) => {
        silentSince = stillSilent(silentSince, peers);
        return earliest(silentSince) + lostGrace;
      }),
      distinctUntilChanged(),
      switchMap(untilNext$),
    );
  });

/** Those that are lost now, with what is known of them; a peer that was back meanwhile starts anew. */
function stillSilent(
  silentSince: ReadonlyMap<RemotePeer, number>,
  peers: ReadonlyMap<Uuid, RemotePeer>,
): ReadonlyMap<RemotePeer, number> {
  const next = new Map<RemotePeer, number>();
  for (const peer of peers.values()) {
    if (peer.lostSince !== undefined) next.set(peer, silentSince.get(peer) ?? peer.lostSince);
  }
  return next;
}

function earliest(silentSince: ReadonlyMap<RemotePeer, number>): number {
  let first = Infinity;
  for (const since of silentSince.values()) first = Math.min(first, since);
  return first;
}

function duePeers(silentSince: ReadonlyMap<RemotePeer, number>, limit: number): readonly RemotePeer[] {
  return [...silentSince].filter(([, since]) => since <= limit).map(([peer]) => peer);
}
