import { inspect } from 'node:util';
import { Command, CommanderError } from 'commander';
import { CommandError } from './commandError.js';
import { configCommand } from './configCommand.js';
import { refuseMisspelt, tidyEnvironment } from './environment.js';
import { migrateCommand } from './migrateCommand.js';
import { standardOutput, type Output } from './output.js';
import { peerCommand } from './peerCommand.js';
import { serveCommand } from './serveCommand.js';
import { statusCommand } from './statusCommand.js';
import { tokenCommand } from './tokenCommand.js';
import { version } from './version.js';
import { UsageError } from './usageError.js';

/**
 * Runs the command that these arguments ask for and returns its exit code: 0 when all went well, 1 when the command
 * failed, 2 when the arguments or the environment are wrong. Never rejects.
 */
export async function runCommandLine(words: readonly string[], output = standardOutput): Promise<number> {
  let exitCode = 0;
  const program = createProgram(output, (code) => (exitCode = code));
  try {
    const command = program.commands.find((candidate) => candidate.name() === words[0]);
    if (command !== undefined) {
      if (!words.some((word) => word === '-h' || word === '--help')) refuseMisspelt(withAllBelow(program), process.env);
      tidyEnvironment(command, process.env);
    }
    await program.parseAsync(words, { from: 'user' });
    return exitCode;
  } catch (error) {
    // Commander has already said what it has to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (error instanceof UsageError || error instanceof CommandError)
      output.error(error.message.replace(/^/gm, 'error: ').concat('\n'));
    // A defect: whoever reports it needs to know where.
    else output.error(`${inspect(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function createProgram(output: Output, end: (exitCode: number) => void): Command {
  const program = new Command('tailnet-coordinator')
    .description('A high-availability coordinator for WireGuard-style mesh networks, on PostgreSQL.')
    .version(version(), '--version', 'print the version')
    .helpOption('-h, --help', 'explain the commands')
    .helpCommand(false);
  const commands = [
    ...[serveCommand(end), migrateCommand(output), peerCommand(output, end), statusCommand(output)],
    ...[tokenCommand(output), configCommand(output)],
  ];
  for (const command of commands) program.addCommand(command.helpOption('-h, --help', 'explain the options'));
  for (const command of withAllBelow(program)) {
    command.exitOverride().configureOutput({
      writeOut: output.out,
      writeErr: output.error,
      // One line, even when commander suggests what may have been meant.
      outputError: (text, write) => write(`${text.trim().replaceAll('\n', ' ')}\n`),
    });
  }
  return program;
}

/** A command, the commands below it, and those below them. */
function withAllBelow(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(withAllBelow)];
}
