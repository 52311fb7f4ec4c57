import {
  type Observable,
  type SchedulerLike,
  concat,
  filter,
  map,
  merge,
  of,
  pairwise,
  skip,
  switchMap,
  take,
  timer,
  timestamp,
} from 'rxjs';
import type { HeartbeatResult } from '../db/store.js';
import type { Binder } from './binder.js';
import { coalesceByKey } from './operators/coalesceByKey.js';
import type { Beat } from './heartbeats.js';
import { lateness } from './lateness.js';
import type { Tunneler } from './tunneler.js';

export interface DoubtOptions {
  readonly beats$: Observable<Beat>;
  readonly gaps$: Observable<unknown>;
  /** Writes whose answers failed. */
  readonly failedWrites$: Observable<unknown>;
  readonly binder: Pick<Binder, 'written'>;
  readonly tunneler: Pick<Tunneler, 'wanted'>;
  /** Milliseconds of silence after which others take this coordinator for gone. */
  readonly expiry: number;
  readonly scheduler: SchedulerLike;
}

/**
 * Emits when the own rows may not be what they should be: the coordinator's own row was there before its first
 * heartbeat, from an earlier life with the same id (and once more when nothing can come any more that this life had
 * asked for); or it had gone, and its rows with it; not one of the rows that should be there is; others had reason to
 * take this coordinator for gone, and may have removed what its peers took back elsewhere; hints were missed; or a write
 * failed a while ago, which may have taken effect only after the one that followed it.
 */
export const ownRowsDoubts$ = ({
  beats$,
  gaps$,
  failedWrites$,
  binder,
  tunneler,
  expiry,
  scheduler,
}: DoubtOptions): Observable<unknown> => {
  const written$ = beats$.pipe(
    filter((beat) => beat.kind === 'written'),
    map(({ result }) => result),
    timestamp(scheduler),
  );
  const isDoubtful = ({ created, hasBindings, hasTunnels }: HeartbeatResult): boolean =>
    created || (!hasBindings && hasAny(binder.written())) || (!hasTunnels && hasAny(tunneler.wanted()));

  return merge(
    written$.pipe(
      take(1),
      filter(({ value }) => !value.created),
      switchMap(() => concat(of('earlier life'), timer(lateness, scheduler))),
    ),
    written$.pipe(
      pairwise(),
      filter(([before, now]) => now.timestamp - before.timestamp >= expiry || isDoubtful(now.value)),
    ),
    gaps$.pipe(skip(1)),
    // After each of them there is a whole wait, however many fail meanwhile.
    failedWrites$.pipe(
      map(() => 'late'),
      coalesceByKey(() => timer(lateness, scheduler)),
    ),
  );
};

const hasAny = (items: Iterable<unknown>): boolean => items[Symbol.iterator]().next().done !== true;
