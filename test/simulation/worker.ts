// Runs a share of the seeds in a process of its own, as runSeeds asks, and tells it how each went.
import { setImmediate as turn } from 'node:timers/promises';
import type { InvariantName } from './invariants.js';
import { describeFailure, failureOf } from './report.js';

/** Every so many seeds, from one to another. */
export interface Share {
  readonly first: number;
  readonly last: number;
  readonly step: number;
  readonly isDescribing: boolean;
}

/** How a seed went. */
export interface SeedResult {
  readonly seed: number;
  /** Left out if everything held. */
  readonly failure?: {
    /** What did not hold first. */
    readonly invariant: InvariantName | undefined;
    /** In words; empty unless that was asked for. */
    readonly description: string;
  };
}

const { first, last, step, isDescribing } = JSON.parse(process.argv[2] ?? '') as Share;

const resultOf = (seed: number): SeedResult => {
  const failure = failureOf(seed);
  if (failure === undefined) return { seed };
  const description = isDescribing ? describeFailure(failure) : '';
  return { seed, failure: { invariant: failure.violations[0]?.invariant, description } };
};

const giveUp = (): never => process.exit(1);
// Nobody waits for what is left when whoever asked is gone.
process.on('disconnect', giveUp);
for (let seed = first; seed <= last; seed += step) {
  process.send?.(resultOf(seed));
  // What is to be sent is sent, and what has come is heard.
  await turn();
}
process.off('disconnect', giveUp);
process.disconnect();
