import type { CoordinatorAge, Uuid } from '../db/store.js';

/**
 * By how many milliseconds the times in a coordinator's rows are off: what is to be added to one to have the true one.
 * Who is not in it writes true times.
 */
export type Shifts = ReadonlyMap<Uuid, number>;

/** Milliseconds: time zones differ by multiples of this. */
const step = 15 * 60_000;

/** Milliseconds for which hearing somebody says how old its heartbeat is: so much less than half a step that it tells steps apart. */
export const hearing = 5 * 60_000;

/** Milliseconds: no time zone is further from UTC. */
export const largestShift = 14 * 3_600_000;

/**
 * The shift of a coordinator whose heartbeat seems to be of some age and was heard on the bus some time ago, both in
 * milliseconds. Undefined where that says nothing.
 */
export const shiftOf = (age: number, silence: number): number | undefined =>
  // A silence below 0: the local clock was set back since.
  silence >= 0 && silence <= hearing ? Math.round((age - silence) / step) * step : undefined;

/**
 * The shifts of those whose ages the database says: as they can be told from when each was heard, or as they were known
 * before.
 */
export const nextShifts = (
  before: Shifts,
  ages: readonly CoordinatorAge[],
  heardAt: ReadonlyMap<Uuid, number>,
  now: number,
): Shifts => {
  const shifts = new Map<Uuid, number>();
  for (const { coordinatorId, age } of ages) {
    const shift = shiftOf(age, now - (heardAt.get(coordinatorId) ?? Infinity)) ?? before.get(coordinatorId) ?? 0;
    if (shift !== 0) shifts.set(coordinatorId, shift);
  }
  return shifts;
};

/**
 * The true ages of those whose last heartbeat is less than `maxAge` milliseconds old. One from the future may be a
 * little younger than the question; if it is further away, its coordinator was never heard, and nobody knows how old it is.
 */
export const trueAges = (ages: readonly CoordinatorAge[], shifts: Shifts, maxAge: number): readonly CoordinatorAge[] =>
  ages
    .map(({ coordinatorId, age }) => ({ coordinatorId, age: age - (shifts.get(coordinatorId) ?? 0) }))
    .filter(({ age }) => age < maxAge && age > -step / 2)
    .map(({ coordinatorId, age }) => ({ coordinatorId, age: Math.max(0, age) }));
