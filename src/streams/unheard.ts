import {
  type Observable,
  type SchedulerLike,
  defer,
  distinctUntilChanged,
  filter,
  map,
  merge,
  of,
  skipWhile,
  switchMap,
  tap,
  timer,
} from 'rxjs';
import type { CoordinatorAge, Uuid } from '../db/store.js';

/** The oldest heartbeat of each other coordinator that the database knows of and that may not have been heard: when it was. */
export type Missed = ReadonlyMap<Uuid, number>;

/**
 * The database has said how old the heartbeats are: those of whom nothing is missed yet may just not have been heard yet.
 * Who has gone silent is nobody's loss.
 */
export const asked = (missed: Missed, ages: readonly CoordinatorAge[], now: number, expiry: number): Missed =>
  new Map(
    ages
      .filter(({ age }) => age < expiry)
      .map(({ coordinatorId, age }) => [coordinatorId, missed.get(coordinatorId) ?? now - age]),
  );

/** Those who go on beating, and of whom nothing was heard for `expiry`. */
export const unheardAt = (missed: Missed, now: number, expiry: number): ReadonlySet<Uuid> =>
  new Set([...missed].filter(([, at]) => now - at >= expiry).map(([id]) => id));

export interface UnheardOptions {
  readonly coordinatorId: Uuid;
  /** Heartbeats of coordinators, as heard on the bus. */
  readonly heartbeats$: Observable<Uuid>;
  /** What the database answers about their age: it is asked when somebody seems to be silent. */
  readonly ages$: Observable<readonly CoordinatorAge[]>;
  /** Milliseconds of silence after which the database is asked. */
  readonly expiry: number;
  readonly scheduler: SchedulerLike;
}

/**
 * The other coordinators that beat in the database and are not heard on the bus, whenever that changes: because the bus is
 * away, or cut in two, or because they use another one. What they write is not heard of either.
 */
export const unheard$ = ({
  coordinatorId,
  heartbeats$,
  ages$,
  expiry,
  scheduler,
}: UnheardOptions): Observable<ReadonlySet<Uuid>> =>
  defer(() => {
    let missed: Missed = new Map();
    let unheard: ReadonlySet<Uuid> = new Set();
    return merge(
      heartbeats$.pipe(
        // Almost always nothing is missed: this is one look-up.
        filter((id) => missed.has(id)),
        tap((id) => {
          missed = new Map([...missed].filter(([other]) => other !== id));
          unheard = new Set([...unheard].filter((other) => other !== id));
        }),
      ),
      ages$.pipe(
        map((ages) => ages.filter((age) => age.coordinatorId !== coordinatorId)),
        tap((ages) => {
          const now = scheduler.now();
          missed = asked(missed, ages, now, expiry);
          unheard = unheardAt(missed, now, expiry);
        }),
      ),
    ).pipe(
      map(() => unheard),
      // Nobody is missing at first.
      skipWhile(({ size }) => size === 0),
      distinctUntilChanged((a, b) => a.size === b.size && [...a].every((id) => b.has(id))),
    );
  });

/**
 * When everything is to be read again because somebody is not heard: at once, then every `period` milliseconds for as
 * long as that lasts, and once more when it is over.
 */
export const looks$ = (
  unheard$: Observable<ReadonlySet<Uuid>>,
  period: number,
  scheduler: SchedulerLike,
): Observable<unknown> =>
  unheard$.pipe(switchMap(({ size }) => (size > 0 ? timer(0, period, scheduler) : of(undefined))));
