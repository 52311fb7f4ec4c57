import { describeHistory, timeOf } from './describeHistory.js';
import { draftPlan } from './draftPlan.js';
import type { Plan } from './plan.js';
import { keepPlan } from './planFile.js';
import { countSteps, shorten } from './shorten.js';
import { simulate, type Outcome } from './simulate.js';

/** So many violations are listed. */
const listed = 5;

/** What did not hold, in lines. */
export const describeViolations = ({ violations }: Outcome, name: string): readonly string[] => [
  `${name}: ${violations.length} ${violations.length === 1 ? 'thing' : 'things'} did not hold`,
  ...violations.slice(0, listed).map(({ at, invariant, what }) => `  at ${timeOf(at)} ms, ${invariant}: ${what}`),
  ...(violations.length > listed ? [`  and ${violations.length - listed} more`] : []),
];

/**
 * A failing seed in words: what did not hold, how to see it again, and a history that is as short as could be made. Its
 * plan is kept in a file.
 */
export const describeFailure = (outcome: Outcome, keep: typeof keepPlan = keepPlan): string => {
  const { plan, violations } = outcome;
  const first = violations[0]?.invariant;
  const shortest = shorten(plan, (shorter) =>
    simulate(shorter).violations.some(({ invariant }) => invariant === first),
  );
  return [
    ...describeViolations(outcome, `seed ${plan.seed}`),
    `again, with all that happens: npm run simulate -- --seed ${plan.seed} --trace`,
    `shortened from ${stepsOf(plan)} to ${countSteps(shortest)}: ${howToRun(shortest, keep)}`,
    ...describeHistory(simulate(shortest, { isTracing: true })).map((line) => (line === '' ? '' : `  ${line}`)),
  ].join('\n');
};

const stepsOf = (plan: Plan): string => `${countSteps(plan)} ${countSteps(plan) === 1 ? 'step' : 'steps'}`;

/** A place that cannot be written to must not hide what went wrong. */
const howToRun = (plan: Plan, keep: typeof keepPlan): string => {
  try {
    return `npm run simulate -- --plan ${keep(plan, `seed-${plan.seed}`)} --trace`;
  } catch (error) {
    return `it could not be kept: ${error instanceof Error ? error.message : String(error)}`;
  }
};

/** Runs one seed; undefined if everything held. */
export const failureOf = (seed: number): Outcome | undefined => {
  const outcome = simulate(draftPlan(seed));
  return outcome.violations.length > 0 ? outcome : undefined;
};
