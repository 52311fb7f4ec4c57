import { InvalidArgumentError, type Command } from 'commander';
import { wholeNumber } from '../../src/cli/parsers.js';
import { decimal, seed } from '../tools/parsers.js';
import { toolCommand, type Tool } from '../tools/runTool.js';

/** What is asked for on the command line. */
export interface SoakOptions {
  readonly minutes: number;
  readonly peers: number;
  /** Things that peers do in a second, all together. */
  readonly rate: number;
  readonly seed: number;
  /** A folder, made when it is not there. */
  readonly out: string;
}

/**
 * The command line of `npm run soak`.
 *
 * @param someSeed the seed if none is given
 */
export const soakCommand = (someSeed: number): Tool<SoakOptions> => ({
  command: toolCommand('soak', 'Peers that come and go over three coordinators, with a fault every few seconds.')
    .option('--minutes <n>', 'how long', decimal(0.1, 10_080), 30)
    .option('--peers <n>', 'how many peers', wholeNumber(4, 5_000), 60)
    .option('--rate <n>', 'things that peers do in a second, all together', decimal(0.1, 1_000), 10)
    .option('--seed <n>', 'the same tunnels, deeds and faults again (default: others each time)', seed)
    .option('--out <dir>', 'folder for the report, made where its parent is there', folder, '.soak')
    .addHelpText('after', remarks),
  read: (command: Command) => ({ seed: someSeed, ...command.opts<Omit<SoakOptions, 'seed'>>() }),
});

const remarks = `
The exit code is 0 when all went well, as far as it came; 1 when something did not, or a figure is not flat; 2 when an
option is wrong; and 130 when it was interrupted before anything was measured.`;

const folder = (text: string): string => {
  if (text === '') throw new InvalidArgumentError('It is a folder.');
  return text;
};
