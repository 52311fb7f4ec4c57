import { draftPlan } from './draftPlan.js';
import { countSteps, shorten } from './shorten.js';
import { simulate, type Outcome } from './simulate.js';

/** A failing seed in words: what did not hold, how to see it again, and a history that is as short as could be made. */
export const describeFailure = ({ plan, violations }: Outcome): string => {
  const first = violations[0]?.invariant;
  const shortest = shorten(plan, (shorter) =>
    simulate(shorter).violations.some(({ invariant }) => invariant === first),
  );
  const { log, violations: left } = simulate(shortest, { isTracing: true });
  return [
    `seed ${plan.seed}: ${violations.length} times something did not hold`,
    ...violations.slice(0, 5).map(({ at, invariant, what }) => `  at ${at} ms, ${invariant}: ${what}`),
    `again, with all that happens: npm run simulate -- --seed ${plan.seed} --trace`,
    `shortened from ${countSteps(plan)} steps to ${countSteps(shortest)}:`,
    ...log.map((line) => `  ${line}`),
    ...left.slice(0, 3).map(({ at, invariant, what }) => `  at ${at} ms, ${invariant}: ${what}`),
  ].join('\n');
};

/** Runs one seed; undefined if everything held. */
export const failureOf = (seed: number): Outcome | undefined => {
  const outcome = simulate(draftPlan(seed));
  return outcome.violations.length > 0 ? outcome : undefined;
};
