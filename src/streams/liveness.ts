import {
  type Observable,
  type SchedulerLike,
  EMPTY,
  concat,
  defer,
  distinctUntilChanged,
  filter,
  map,
  merge,
  repeat,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import type { CoordinatorAge, Uuid } from '../db/store.js';

/** When each other live coordinator was last known to be alive: milliseconds of the local scheduler. Never changed. */
export type Heard = ReadonlyMap<Uuid, number>;

/** A coordinator was heard. A map of the same coordinators makes no difference to anybody but the check. */
export const heard = (state: Heard, coordinatorId: Uuid, now: number): Heard => new Map(state).set(coordinatorId, now);

/**
 * The database answered, at `now`, a question asked at `askedAt`. It decides: who wrote a heartbeat within `expiry` is
 * live, also if it was never heard here; who did not, is not, unless it was heard after the question was asked. Only
 * the database's clock is read for this; its ages are laid against the local one.
 */
export const answered = (
  state: Heard,
  ages: readonly CoordinatorAge[],
  { askedAt, now, expiry }: { readonly askedAt: number; readonly now: number; readonly expiry: number },
): Heard => {
  const next = new Map<Uuid, number>();
  for (const [id, at] of state) if (at > askedAt) next.set(id, at);
  for (const { coordinatorId, age } of ages) {
    if (age < expiry && !next.has(coordinatorId)) next.set(coordinatorId, now - age);
  }
  return next;
};

/** Brings back what lies in the future, because the local clock was set back since; the same map if nothing does. */
export const notAfter = (state: Heard, now: number): Heard =>
  [...state.values()].some((at) => at > now) ? new Map([...state].map(([id, at]) => [id, Math.min(at, now)])) : state;

/** Milliseconds until the first of them has been silent for `expiry`: 0 when it is overdue, `expiry` when there is none. */
export const untilSilent = (state: Heard, now: number, expiry: number): number =>
  Math.max(0, Math.min(now, ...state.values()) + expiry - now);

export interface LivenessOptions {
  readonly coordinatorId: Uuid;
  /** Heartbeats of coordinators, as heard on the bus. */
  readonly heartbeats$: Observable<Uuid>;
  /** Says that heartbeats may have been missed; the first time, that they are heard now. */
  readonly gaps$: Observable<unknown>;
  /** Asks the database how old the heartbeats are, for as long as it takes to get an answer. */
  readonly readAges$: Observable<readonly CoordinatorAge[]>;
  /** Milliseconds of silence after which a coordinator is not live. */
  readonly expiry: number;
  readonly scheduler: SchedulerLike;
}

/**
 * The other coordinators that are live: a value whenever the set changes. Notifications may be late, and this process
 * may have stood still; so before anybody is given up, the database is asked, and while it does not answer, nobody is.
 */
export const liveness$ = ({
  coordinatorId,
  heartbeats$,
  gaps$,
  readAges$,
  expiry,
  scheduler,
}: LivenessOptions): Observable<ReadonlySet<Uuid>> =>
  defer(() => {
    let state: Heard = new Map();

    const ask$ = defer(() => {
      const askedAt = scheduler.now();
      // Otherwise who was heard before the clock was set back would pass for heard after the question.
      state = notAfter(state, askedAt);
      return readAges$.pipe(
        map((ages) => answered(state, ages.filter(isOther), { askedAt, now: scheduler.now(), expiry })),
      );
    });
    const isOther = (age: CoordinatorAge): boolean => age.coordinatorId !== coordinatorId;

    /** Waits for the next one to fall silent, makes sure with the database, and starts again. */
    const check$ = defer(() => timer(untilSilent(state, scheduler.now(), expiry), scheduler)).pipe(
      switchMap(() => {
        state = notAfter(state, scheduler.now());
        return untilSilent(state, scheduler.now(), expiry) > 0 ? EMPTY : ask$;
      }),
      repeat(),
    );

    return merge(
      heartbeats$.pipe(
        filter((id) => id !== coordinatorId),
        map((id) => heard(state, id, scheduler.now())),
      ),
      gaps$.pipe(switchMap(() => concat(ask$, check$))),
    ).pipe(
      tap((next) => (state = next)),
      map((next): ReadonlySet<Uuid> => new Set(next.keys())),
      distinctUntilChanged(sameSet),
    );
  });

const sameSet = (a: ReadonlySet<Uuid>, b: ReadonlySet<Uuid>): boolean =>
  a.size === b.size && [...a].every((id) => b.has(id));
