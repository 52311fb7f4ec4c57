import type { CommandLine } from './commandLine.js';
import type { Lists, Numbers } from './command.js';
import { defaultShape } from './peers/nodeComposer.js';

/** The command as it can be repeated, without the address of the database. */
export const repeatable = (line: CommandLine): string =>
  [
    ...['npm run bench --', line.name, ...commonOptions(line), ...optionsOf(line.numbers), ...optionsOf(line.lists)],
    ...Object.entries(line.texts).flatMap(([option, text]) => [`--${option}`, text]),
    ...line.flags.map((option) => `--${option}`),
  ].join(' ');

export const optionsOf = (values: Numbers | Lists): readonly string[] =>
  Object.entries(values).flatMap(([option, value]) => [`--${option}`, String(value)]);

/** Those options of all commands that are not as they are by default. */
export const commonOptions = ({ slowFlush, idleListeners, quietWait, shape }: CommandLine): readonly string[] => {
  const defaults: Numbers = { 'idle-listeners': 0, 'quiet-wait': 0, ...defaultShape };
  const given = Object.entries({ 'idle-listeners': idleListeners, 'quiet-wait': quietWait, ...shape });
  const others = Object.fromEntries(given.filter(([option, value]) => value !== defaults[option]));
  return [...(slowFlush ? ['--slow-flush'] : []), ...optionsOf(others)];
};
