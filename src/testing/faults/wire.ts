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
      const outcome$ = suffer(answer$, faults.meet(call));
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

const suffer = <T>(answer$: Observable<T>, fate: Fate): Observable<T> => {
  if (!fate) return answer$;
  const failure$ = throwError(() => fate.error);
  return fate.afterEffect ? concat(answer$.pipe(ignoreElements()), failure$) : failure$;
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
