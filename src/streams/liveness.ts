import {
  type Observable,
  type SchedulerLike,
  EMPTY,
  concat,
  defer,
  distinctUntilChanged,
  exhaustMap,
  filter,
  ignoreElements,
  map,
  merge,
  repeat,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import type { CoordinatorAge, Uuid } from '../db/store.js';
import { type RetryOptions, retryWithBackoff } from './operators/retryWithBackoff.js';

/** When each other live coordinator was last known to be alive: milliseconds of the local scheduler. Never changed. */
export type Heard = ReadonlyMap<Uuid, number>;

/** A coordinator was heard. A map of the same coordinators makes no difference to anybody but the check. */
export const heard = (state: Heard, coordinatorId: Uuid, now: number): Heard => new Map(state).set(coordinatorId, now);

/** What is known of a question and its answer; times are milliseconds. */
export interface Answer {
  readonly askedAt: number;
  readonly now: number;
  readonly expiry: number;
  /**
   * False: nobody is given up for this answer. Right after an outage the database tells the truth, and still nobody who
   * is alive has had the time to write a heartbeat.
   */
  readonly mayRemove: boolean;
}

/**
 * The database answered, at `now`, a question asked at `askedAt`. It decides: who wrote a heartbeat within `expiry` is
 * live, also if it was never heard here; who did not, is not, unless it was heard since the question was asked, or
 * nobody may be given up. Only the database's clock is read for this; its ages are laid against the local one.
 */
export const answered = (
  state: Heard,
  ages: readonly CoordinatorAge[],
  { askedAt, now, expiry, mayRemove }: Answer,
): Heard => {
  const since = new Map([...state].filter(([, at]) => at >= askedAt));
  const alive = ages.filter(({ coordinatorId, age }) => age < expiry && !since.has(coordinatorId));
  return new Map([
    ...(mayRemove ? since : state),
    ...alive.map(({ coordinatorId, age }) => [coordinatorId, now - age] as const),
  ]);
};

/**
 * Brings back what lies in the future, because the local clock was set back since, to just before `now`, so that it
 * does not pass for heard since; the same map if nothing does.
 */
export const notAfter = (state: Heard, now: number): Heard =>
  [...state.values()].some((at) => at > now)
    ? new Map([...state].map(([id, at]) => [id, at > now ? now - 1 : at]))
    : state;

/** Milliseconds until the first of them has been silent for `expiry`: 0 when it is overdue, `expiry` when there is none. */
export const untilSilent = (state: Heard, now: number, expiry: number): number =>
  Math.max(0, Math.min(now, ...state.values()) + expiry - now);

export interface LivenessOptions {
  readonly coordinatorId: Uuid;
  /** Heartbeats of coordinators, as heard on the bus. */
  readonly heartbeats$: Observable<Uuid>;
  /** Says that heartbeats may have been missed; the first time, that they are heard now. */
  readonly gaps$: Observable<unknown>;
  /** Asks the database once how old the heartbeats are. Its errors are trouble; it is asked again until it answers. */
  readonly readAges$: Observable<readonly CoordinatorAge[]>;
  /** How long to wait before it is asked again. */
  readonly backoff: RetryOptions;
  /** Says that the database is, or has just been, of no use to this coordinator. */
  readonly trouble$: Observable<unknown>;
  /** Milliseconds of silence after which a coordinator is not live. */
  readonly expiry: number;
  /** An answer that takes longer, in milliseconds, is trouble, too. */
  readonly limit: number;
  /** Milliseconds after trouble in which nobody is given up: the others need them to write a heartbeat. */
  readonly grace: number;
  /**
   * Milliseconds after which the database is asked although nobody has gone silent: it knows those, too, who cannot be
   * heard and were not there when it was asked first. Default: never.
   */
  readonly lookPeriod?: number;
  readonly scheduler: SchedulerLike;
}

/**
 * The other coordinators that are live: a value whenever the set changes. Notifications may be late, and this process
 * may have stood still; so before anybody is given up, the database is asked, and while it does not answer, nobody is.
 * Nor is anybody for some time after that: what kept this coordinator from the database kept the others, too.
 */
export const liveness$ = ({
  coordinatorId,
  heartbeats$,
  gaps$,
  readAges$,
  backoff,
  trouble$,
  expiry,
  limit,
  grace,
  lookPeriod = Infinity,
  scheduler,
}: LivenessOptions): Observable<ReadonlySet<Uuid>> =>
  defer(() => {
    let state: Heard = new Map();
    let troubleAt = -Infinity;
    const isOther = (age: CoordinatorAge): boolean => age.coordinatorId !== coordinatorId;

    const troubled = (): void => {
      troubleAt = scheduler.now();
    };
    /** Milliseconds; counted from now on, if the clock was set back. */
    const graceLeft = (): number => {
      const now = scheduler.now();
      troubleAt = Math.min(troubleAt, now);
      return Math.max(0, troubleAt + grace - now);
    };

    const ask$ = defer(() => {
      const askedAt = scheduler.now();
      // Otherwise who was heard before the clock was set back would pass for heard since the question.
      state = notAfter(state, askedAt);
      const wasCalm = graceLeft() === 0;
      return readAges$.pipe(
        tap({ error: troubled }),
        map((ages) => {
          const now = scheduler.now();
          if (now - askedAt > limit) troubled();
          return answered(state, ages.filter(isOther), {
            askedAt,
            now,
            expiry,
            mayRemove: wasCalm && graceLeft() === 0,
          });
        }),
      );
    }).pipe(retryWithBackoff(backoff));

    /** Waits for the next one to fall silent, makes sure with the database, and starts again. */
    const check$ = defer(() =>
      timer(Math.max(untilSilent(state, scheduler.now(), expiry), graceLeft()), scheduler),
    ).pipe(
      switchMap(() => {
        state = notAfter(state, scheduler.now());
        return untilSilent(state, scheduler.now(), expiry) > 0 || graceLeft() > 0 ? EMPTY : ask$;
      }),
      repeat(),
    );

    const look$ =
      lookPeriod === Infinity ? EMPTY : timer(lookPeriod, lookPeriod, scheduler).pipe(exhaustMap(() => ask$));

    return merge(
      heartbeats$.pipe(
        filter((id) => id !== coordinatorId),
        map((id) => heard(state, id, scheduler.now())),
      ),
      gaps$.pipe(switchMap(() => concat(ask$, merge(check$, look$)))),
      trouble$.pipe(tap(troubled), ignoreElements()),
    ).pipe(
      tap((next) => (state = next)),
      map((next): ReadonlySet<Uuid> => new Set(next.keys())),
      distinctUntilChanged(sameSet),
    );
  });

const sameSet = (a: ReadonlySet<Uuid>, b: ReadonlySet<Uuid>): boolean =>
  a.size === b.size && [...a].every((id) => b.has(id));
