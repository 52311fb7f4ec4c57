import { parseArgs } from 'node:util';

/** What is asked for on the command line. */
export interface SimulationOptions {
  readonly first: number;
  readonly seeds: number;
  readonly jobs: number;
  readonly isTracing: boolean;
  /** Whether to end with the first failure. */
  readonly isOnce: boolean;
}

export const usage = `npm run simulate -- [--seeds N] [--seed N] [--jobs N] [--once] [--trace]

  --seeds N   how many simulations: 1000, or 1 when only --seed is given
  --seed N    the seed of the first one: 1
  --jobs N    processes at the same time: as many as there are processors
  --once      end with the first failure
  --trace     print all that happens; for one seed`;

/** Seeds have 32 bits. */
const most = 4_294_967_295;

/** @throws Error `--seeds must be a whole number from 1 to 4294967295, got "x"`, and the like */
export const parseOptions = (args: readonly string[], processors: number): SimulationOptions => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      jobs: { type: 'string' },
      once: { type: 'boolean', default: false },
      trace: { type: 'boolean', default: false },
    },
  });
  const whole = (name: 'seeds' | 'seed' | 'jobs', least: number, otherwise: number): number => {
    const text = values[name];
    if (text === undefined) return otherwise;
    const number = Number(text);
    if (!/^\d+$/.test(text) || number > most || number < least) {
      throw new Error(`--${name} must be a whole number from ${least} to ${most}, got "${text}"`);
    }
    return number;
  };
  const seeds = whole('seeds', 1, values.seed === undefined ? 1_000 : 1);
  if (values.trace && seeds > 1) throw new Error('--trace is for one seed: give --seed, and no --seeds');
  return {
    ...{ first: whole('seed', 0, 1), seeds, jobs: Math.min(seeds, whole('jobs', 1, processors)) },
    ...{ isTracing: values.trace, isOnce: values.once },
  };
};
