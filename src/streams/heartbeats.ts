import {
  type Observable,
  type SchedulerLike,
  catchError,
  defer,
  map,
  of,
  repeat,
  switchMap,
  tap,
  throwError,
  timeout,
  timer,
} from 'rxjs';
import { type HeartbeatResult, type Store, type Uuid, StoreError } from '../db/store.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';

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
  /** Told when one begins, and how it went. Default: nobody. */
  readonly telemetry?: Pick<Telemetry, 'heartbeatBegun' | 'heartbeatEnded'>;
}

/**
 * When the next beat is due: a whole number of periods after the last one was, so that beats do not drift, and those
 * whose time has passed are left out. Never more than a period from now, also when the clock was set back.
 */
export const nextBeat = (due: number, now: number, period: number): number =>
  Math.min(due + period * Math.max(1, Math.ceil((now - due) / period)), now + period);

/**
 * Writes a heartbeat at once, but never while it is being subscribed to, and then every period. One that takes longer
 * than the period holds up the next; none queues.
 *
 * Each wait is a timer of its own: the ticks of one periodic timer hang together in virtual time, and to unsubscribe
 * from thousands of them overflows the stack.
 */
export const heartbeats$ = ({
  store,
  coordinatorId,
  period,
  limit,
  scheduler,
  telemetry = silentTelemetry,
}: HeartbeatOptions): Observable<Beat> =>
  defer(() => {
    let due = scheduler.now();
    const beat$ = defer(() => {
      telemetry.heartbeatBegun();
      return store.heartbeat(coordinatorId);
    }).pipe(
      timeout({
        first: limit,
        scheduler,
        with: () => throwError(() => new StoreError('unavailable', `no answer within ${String(limit)} ms`)),
      }),
      map((result): Beat => ({ kind: 'written', result })),
      catchError((error: unknown) => of<Beat>({ kind: 'failed', error })),
      tap(({ kind }) => {
        telemetry.heartbeatEnded(kind === 'written');
      }),
    );
    const pause$ = defer(() => {
      const now = scheduler.now();
      due = nextBeat(due, now, period);
      return timer(due - now, scheduler);
    });
    return timer(0, scheduler).pipe(switchMap(() => beat$.pipe(repeat({ delay: () => pause$ }))));
  });
