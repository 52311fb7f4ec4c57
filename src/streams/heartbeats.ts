import { type Observable, type SchedulerLike, catchError, exhaustMap, map, of, timeout, timer } from 'rxjs';
import type { HeartbeatResult, Store, Uuid } from '../db/store.js';

/** How one heartbeat went. */
export type Beat =
  { readonly kind: 'written'; readonly result: HeartbeatResult } | { readonly kind: 'failed'; readonly error: unknown };

export interface HeartbeatOptions {
  readonly store: Pick<Store, 'heartbeat'>;
  readonly coordinatorId: Uuid;
  /** Milliseconds from one heartbeat to the next. */
  readonly period: number;
  /** Milliseconds after which a heartbeat has failed. */
  readonly limit: number;
  readonly scheduler: SchedulerLike;
}

/** Writes a heartbeat at once and then every period. One that takes longer than the period holds up the next; none queues. */
export const heartbeats$ = ({ store, coordinatorId, period, limit, scheduler }: HeartbeatOptions): Observable<Beat> =>
  timer(0, period, scheduler).pipe(
    exhaustMap(() =>
      store.heartbeat(coordinatorId).pipe(
        timeout({ first: limit, scheduler }),
        map((result): Beat => ({ kind: 'written', result })),
        catchError((error: unknown) => of<Beat>({ kind: 'failed', error })),
      ),
    ),
  );
