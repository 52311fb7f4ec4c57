import type { Command } from 'commander';
import { decimal, seed } from '../tools/parsers.js';
import { toolCommand, type Tool } from '../tools/runTool.js';

/** What is asked for on the command line. */
export interface FuzzRequest {
  /** How long; without end if it is left out. */
  readonly seconds?: number;
  readonly seed: number;
}

/**
 * The command line of `npm run fuzz`.
 *
 * @param someSeed the seed if none is given
 */
export const fuzzCommand = (someSeed: number): Tool<FuzzRequest> => ({
  command: toolCommand('fuzz', 'Strange input for whatever reads what strangers send, until something goes wrong.')
    .option('--seconds <n>', 'how long (default: until Ctrl+C)', decimal(0.1, 31_536_000))
    .option('--seed <n>', 'draw the same inputs again (default: others each time)', seed)
    .addHelpText('after', remarks),
  read: (command: Command) => ({ seed: someSeed, ...command.opts<Partial<FuzzRequest>>() }),
});

const remarks = `
A seed draws the same inputs for as long as test/fuzz/ is the same; what was found since makes no difference. An input
that goes wrong is kept in test/fuzz/found/, and is tried in each "npm test" from then on.

The exit code is 0 when all went well, 1 when something went wrong, and 2 when an option is wrong.`;
