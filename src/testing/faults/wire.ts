import {
  EMPTY,
  concat,
  defer,
  delay,
  dematerialize,
  filter,
  ignoreElements,
  map,
  materialize,
  mergeMap,
  take,
  takeUntil,
  throwError,
  timer,
  type Observable,
  type SchedulerLike,
} from 'rxjs';
import type { StoreError } from '../../db/store.js';
import type { Call } from './call.js';
import type { Fate, FaultState } from './faults.js';
import type { WireOptions } from './withFaults.js';

/** Carries a call to the database and its answer back. */
export type Wire = <T>(call: Call, answer$: Observable<T>) => Observable<T>;

export const wire =
  (faults: FaultState, latency: WireOptions['latency'], scheduler: SchedulerLike): Wire =>
  (call, answer$) =>
    defer(() => {
      const outcome$ = suffer(answer$, faults.meet(call), scheduler);
      const wayThere$ = defer(() => (faults.isHeld(call) ? release$(call, faults) : EMPTY));
      const journey$ =
        latency === undefined
          ? concat(wayThere$, outcome$)
          : travel(concat(wayThere$, outcome$), typeof latency === 'number' ? latency : latency(call), scheduler);
      return journey$.pipe(takeUntil(faults.broken$.pipe(map(fail))));
    });

/** The work is done half-way; the answer, good or bad, needs the other half. */
const travel = <T>(outcome$: Observable<T>, latency: number, scheduler: SchedulerLike): Observable<T> =>
  concat(
    timer(latency / 2, scheduler).pipe(ignoreElements()),
    outcome$.pipe(materialize(), delay(latency / 2, scheduler), dematerialize()),
  );

const suffer = <T>(answer$: Observable<T>, fate: Fate, scheduler: SchedulerLike): Observable<T> => {
  if (!fate) return answer$;
  const { error, effect } = fate;
  const failure$ = throwError(() => error);
  switch (effect) {
    case 'none':
      return failure$;
    case 'before':
      return concat(answer$.pipe(ignoreElements()), failure$);
    default:
      return defer(() => {
        haveDone(answer$, effect, scheduler);
        return failure$;
      });
  }
};

/** The database does by itself, later, what nobody waits for any more; how that ends nobody hears. */
const haveDone = (answer$: Observable<unknown>, lateness: number, scheduler: SchedulerLike): void => {
  timer(lateness, scheduler)
    .pipe(mergeMap(() => answer$))
    .subscribe({ error: () => undefined });
};

/** Completes when nothing holds the call any more. */
const release$ = (call: Call, faults: FaultState): Observable<never> =>
  faults.released$.pipe(
    filter(() => !faults.isHeld(call)),
    take(1),
    ignoreElements(),
  );

const fail = (error: StoreError): never => {
  throw error;
};
