import type { CommandLine } from './commandLine.js';
import type { PartsCommand } from './command.js';
import { waitForQuiet } from './measure/quiet.js';
import type { Progress } from './progress.js';
import { repeatable } from './repeatable.js';

/** Runs a command that measures parts, and prints its line. */
export const runParts = async (line: CommandLine, parts: PartsCommand, progress: Progress): Promise<void> => {
  const { name, numbers, texts, flags, shape } = line;
  if (line.quietWait > 0) progress.say('waiting for a quiet machine');
  await waitForQuiet(line.quietWait);
  const metrics = await parts.run({
    ...{ numbers, texts, flags, shape, command: repeatable(line), progress: progress.say },
    show: (text) => {
      progress.end();
      if (process.stderr.isTTY) process.stderr.write(text);
    },
  });
  const params = { node: process.version, ...shape, ...numbers };
  process.stdout.write(`${JSON.stringify({ impl: 'tailnet-coordinator', workload: name, params, metrics })}\n`);
};
