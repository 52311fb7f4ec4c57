import { Command, CommanderError } from 'commander';
import { standardOutput, type Output } from '../../src/cli/output.js';
import { UsageError } from '../../src/cli/usageError.js';

/** A tool for developers, started with `npm run`. */
export interface Tool<Request> {
  readonly command: Command;
  /** What the words that were parsed ask for. It calls `command.error` where they do not go together. */
  readonly read: (command: Command) => Request;
}

/** A command with nothing but `--help`, called as npm calls it: `npm run SCRIPT -- …`. */
export const toolCommand = (script: string, description: string): Command =>
  new Command(`npm run ${script} --`)
    .description(description)
    .helpOption('-h, --help', 'explain the options')
    .showHelpAfterError()
    .exitOverride();

/**
 * Does what these words ask a tool for, and resolves with the exit code: that of `act`, 0 for `--help`, 2 for words that
 * are wrong. It says then in one line what is wrong and what is accepted, and how the tool is used. Rejects with whatever
 * `act` rejects with, unless that is a {@link UsageError}: its message is printed, and the exit code is 2, too.
 */
export const runTool = async <Request>(
  { command, read }: Tool<Request>,
  words: readonly string[],
  act: (request: Request) => Promise<number> | number,
  output: Output = standardOutput,
): Promise<number> => {
  command.configureOutput({
    writeOut: output.out,
    writeErr: output.error,
    // One line, also when commander asks whether something else was meant.
    outputError: (text, write) => write(text.replace('\n(', ' (')),
  });
  if (command.registeredArguments.length === 0) command.allowExcessArguments();
  try {
    command.parse(words, { from: 'user' });
    const [unexpected] = command.registeredArguments.length === 0 ? command.args : [];
    // Mostly an option that npm has kept for itself.
    if (unexpected !== undefined) {
      command.error(
        `error: unexpected argument '${unexpected}': options come after a --, as in ${command.name()} --help`,
      );
    }
    return await act(read(command));
  } catch (error) {
    // Commander has already said what it has to say.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (!(error instanceof UsageError)) throw error;
    output.error(`error: ${error.message}\n`);
    return 2;
  }
};
