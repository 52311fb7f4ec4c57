import { catchError, concat, defer, map, of, repeat, share, switchMap, tap, timer } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import type { ReadOverview } from '../../db/overview.js';
import type { Uuid } from '../../db/store.js';
import { Snapshot } from './snapshot.js';

/** What comes of reading. `trouble`: it failed, and is tried again. */
export type Sight = { readonly kind: 'snapshot'; readonly snapshot: Snapshot } | { readonly kind: 'trouble' };

export interface SharingOptions {
  /** From when one reading began, and from when it ended, to the next: milliseconds. */
  readonly period: number;
  readonly scheduler: SchedulerLike;
  /** Told why reading failed, once until it succeeds again. */
  readonly onTrouble: (error: unknown) => void;
}

/**
 * What the tables hold, again and again, read once for all who are subscribed, and not at all while nobody is. Who comes
 * sees what was read last, if that was within a period; the snapshots from then on have their changes relative to it. However
 * often somebody comes and goes, reading begins once in a period at most. Never completes, never errors.
 */
export function sharedSnapshots(
  read: ReadOverview,
  answeredBy: Uuid,
  { period, scheduler, onTrouble }: SharingOptions,
): Observable<Sight> {
  let last: Sight | undefined;
  let lastRead: Snapshot | undefined;
  /** Before this there is nothing to be read again. */
  let due = -Infinity;

  const waitAgain = (): void => {
    due = scheduler.now() + period;
  };

  const sight$ = defer(() => {
    waitAgain();
    return read();
  }).pipe(
    map((overview): Sight => {
      lastRead = new Snapshot(overview, answeredBy, lastRead?.overview);
      return { kind: 'snapshot', snapshot: lastRead };
    }),
    catchError((error: unknown) => {
      if (last?.kind !== 'trouble') onTrouble(error);
      return of<Sight>({ kind: 'trouble' });
    }),
    tap((sight) => {
      waitAgain();
      last = sight;
    }),
  );

  const polled$ = defer(() => timer(Math.max(0, due - scheduler.now()), scheduler)).pipe(
    switchMap(() => sight$),
    repeat(),
    share(),
  );

  return defer(() => (last !== undefined && scheduler.now() < due ? concat(of(last), polled$) : polled$));
}
