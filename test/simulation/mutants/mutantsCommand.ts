import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { wholeNumber } from '../../../src/cli/parsers.js';
import { largestSeed } from '../../tools/parsers.js';
import { toolCommand, type Tool } from '../../tools/runTool.js';
import { mostJobs } from '../simulateCommand.js';
import { mutants, type Mutant } from './mutants.js';

/** What is asked for on the command line. */
export interface MutantsRequest {
  readonly chosen: readonly Mutant[];
  /** Seeds that are tried on a mutant before it counts as not found. */
  readonly seeds: number;
  readonly jobs: number;
}

/** The command line of `npm run simulate:mutants`. */
export const mutantsCommand = (processors = availableParallelism()): Tool<MutantsRequest> => ({
  command: toolCommand('simulate:mutants', 'Breaks the core in many ways; simulation must find each of them.')
    .argument('[name...]', 'which of them (default: all, one after the other)')
    .option(
      '--seeds <n>',
      'how many are tried on each before it counts as not found',
      wholeNumber(1, largestSeed),
      2_000,
    )
    .option('--jobs <n>', 'processes at the same time', wholeNumber(1, mostJobs), processors)
    .addHelpText('after', `\nThere are:\n${mutants.map(({ name, why }) => `  '${name}': ${why}`).join('\n')}`)
    .addHelpText('after', exitCodes),
  read,
});

const exitCodes = `
The exit code is 0 when all were found, 1 when one was not, 2 when the command line is wrong, and 130 when it was
interrupted.`;

const read = (command: Command): MutantsRequest => {
  const { seeds, jobs } = command.opts<{ readonly seeds: number; readonly jobs: number }>();
  const unknown = command.args.find((word) => !mutants.some(({ name }) => name === word));
  if (unknown !== undefined) {
    command.error(`error: there is no mutant '${unknown}': those that there are stand below; quote their names`);
  }
  const chosen = mutants.filter(({ name }) => command.args.length === 0 || command.args.includes(name));
  return { chosen, seeds, jobs: Math.min(seeds, jobs) };
};
