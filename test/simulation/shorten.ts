import type { Plan, Step } from './plan.js';

/**
 * Leaves out of a plan whatever is not needed for it to fail: whole phases, then halves, quarters and so on of the
 * steps, then phases in which nothing is left; for as long as `fails` says so of what is left. At most `limit` (400)
 * plans are tried.
 */
export const shorten = (plan: Plan, fails: (plan: Plan) => boolean, limit = 400): Plan => {
  let shortest = plan;
  let tries = 0;
  const tryPhases = (phases: Plan['phases']): boolean => {
    const candidate = { ...shortest, phases };
    if (tries >= limit) return false;
    tries += 1;
    if (!fails(candidate)) return false;
    shortest = candidate;
    return true;
  };

  const leaveOutPhases = (isMeant: (phase: readonly Step[]) => boolean): void => {
    for (let index = shortest.phases.length - 1; index >= 0 && shortest.phases.length > 1; index--) {
      if (!isMeant(shortest.phases[index] ?? [])) continue;
      tryPhases(shortest.phases.filter((_, other) => other !== index));
    }
  };

  leaveOutPhases(() => true);
  for (
    let size = Math.ceil(countSteps(shortest) / 2);
    size >= 1 && tries < limit;
    size = size > 1 ? Math.ceil(size / 2) : 0
  ) {
    for (let start = 0; start < countSteps(shortest);) {
      const isShorter = tryPhases(without(shortest.phases, start, size));
      if (!isShorter) start += size;
      if (tries >= limit) break;
    }
  }
  leaveOutPhases(({ length }) => length === 0);
  return shortest;
};

export const countSteps = ({ phases }: Plan): number => phases.reduce((sum, { length }) => sum + length, 0);

/** The phases without so many steps, from this one on, all phases counted through. */
const without = (phases: Plan['phases'], start: number, size: number): Plan['phases'] => {
  let number = 0;
  const isKept = (_step: Step): boolean => {
    const index = number++;
    return index < start || index >= start + size;
  };
  return phases.map((phase) => phase.filter(isKept));
};
