// npm run simulate:mutants: breaks the core in every way that mutants.ts lists, and has each found by simulation.
import { showProgress } from '../../tools/showProgress.js';
import { startTool } from '../../tools/startTool.js';
import { interrupted, untilSignal } from '../../tools/untilSignal.js';
import { runSeeds } from '../runSeeds.js';
import type { SeedResult } from '../worker.js';
import type { Mutant } from './mutants.js';
import { mutantsCommand, type MutantsRequest } from './mutantsCommand.js';
import { withMutant } from './withMutant.js';

const act = async ({ chosen, seeds, jobs }: MutantsRequest): Promise<number> => {
  const signal = untilSignal();
  let survivors = 0;
  let number = 0;
  let tried = 0;
  let current = '';
  using progress = showProgress(
    'simulate:mutants',
    () => `${number} of ${chosen.length}, "${current}": ${tried} of ${seeds} seeds`,
  );

  /** The first failure of a core with this mistake; undefined if there is none. */
  const find = (mutant: Mutant): Promise<SeedResult | undefined> =>
    withMutant(mutant, async (directory) => {
      let found: SeedResult | undefined;
      const enough = new AbortController();
      const isWhole = await runSeeds(
        { first: 1, seeds, jobs, isDescribing: false },
        (result) => {
          tried += 1;
          if (result.failure === undefined) return;
          found ??= result;
          enough.abort();
        },
        { stop: AbortSignal.any([signal, enough.signal]), directory },
      );
      if (!isWhole) progress.print(`a process of the simulation of "${mutant.name}" broke off`);
      return found;
    });

  for (const mutant of chosen) {
    number += 1;
    tried = 0;
    current = mutant.name;
    const found = await find(mutant);
    if (signal.aborted) {
      progress.print(`interrupted: ${number - 1} of ${chosen.length} were tried, ${survivors} were not found`);
      return interrupted;
    }
    if (found === undefined) survivors += 1;
    progress.print(
      found === undefined
        ? `NOT FOUND  ${mutant.name} (${tried} seeds)`
        : `found      ${mutant.name}: seed ${found.seed}, "${found.failure?.invariant}" (${tried} seeds)`,
    );
  }
  progress.print(survivors === 0 ? 'all were found' : `${survivors} were not found`);
  return survivors === 0 ? 0 : 1;
};

await startTool(mutantsCommand(), act);
