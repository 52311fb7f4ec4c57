import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { wholeNumber } from '../../src/cli/parsers.js';
import { largestSeed, seed } from '../tools/parsers.js';
import { toolCommand, type Tool } from '../tools/runTool.js';

/** Many simulations, each with a seed of its own. */
export interface SeedsRequest {
  readonly kind: 'seeds';
  readonly first: number;
  readonly seeds: number;
  readonly jobs: number;
  /** Whether to end with the first failure. */
  readonly isOnce: boolean;
}

/** One simulation, by its seed, with all that happens in it. */
interface TraceRequest {
  readonly kind: 'trace';
  readonly seed: number;
}

/** One simulation that is in a file. */
interface PlanRequest {
  readonly kind: 'plan';
  readonly file: string;
  readonly isTracing: boolean;
}

/** What is asked for on the command line. */
export type SimulationRequest = SeedsRequest | TraceRequest | PlanRequest;

interface Options {
  readonly seeds?: number;
  readonly seed?: number;
  readonly jobs: number;
  readonly once?: true;
  readonly trace?: true;
  readonly plan?: string;
}

/** More processes than anybody has processors. */
export const mostJobs = 1_000;

/** The command line of `npm run simulate`. */
export const simulateCommand = (processors = availableParallelism()): Tool<SimulationRequest> => {
  const command = toolCommand('simulate', 'The whole system in virtual time, with everything that can go wrong.')
    .option('--seeds <n>', 'how many simulations (default: 1000, or 1 with --seed)', wholeNumber(1, largestSeed))
    .option('--seed <n>', 'the seed of the first one (default: 1)', seed)
    .option('--jobs <n>', 'processes at the same time', wholeNumber(1, mostJobs), processors)
    .option('--once', 'end with the first failure')
    .addOption(
      new Option('--plan <file>', 'one that is in a file, as a failing seed leaves it behind').conflicts([
        'seeds',
        'seed',
        'once',
      ]),
    )
    .option('--trace', 'print all that happens; with --seed or --plan')
    .addHelpText('after', exitCodes);
  return { command, read };
};

const exitCodes = `
The exit code is 0 when all that must hold held, 1 when something did not, 2 when an option or a plan is wrong, and 130
when it was interrupted. What must hold: docs/reliability.md.`;

const read = (command: Command): SimulationRequest => {
  const { seeds, seed: given, jobs, once, trace, plan } = command.opts<Options>();
  if (plan !== undefined) return { kind: 'plan', file: plan, isTracing: trace === true };
  const first = given ?? 1;
  const count = seeds ?? (given === undefined ? 1_000 : 1);
  if (first + count - 1 > largestSeed) {
    command.error(`error: from seed ${first} on there are no ${count} seeds: the largest is ${largestSeed}`);
  }
  if (trace !== true) return { kind: 'seeds', first, seeds: count, jobs: Math.min(count, jobs), isOnce: once === true };
  if (count > 1) command.error("error: option '--trace' is for one simulation: give --seed and no --seeds, or --plan");
  return { kind: 'trace', seed: first };
};
