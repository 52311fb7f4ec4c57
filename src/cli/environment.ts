import { Option, type Command } from 'commander';
import { isSlip } from './isLike.js';
import { UsageError } from './usageError.js';
import { slotVariable } from './workers/messages.js';

const prefix = 'TAILNET_';

/** An option with its environment variable: `--data-dir` is `TAILNET_DATA_DIR`. The option wins. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(`${prefix}${made.name().toUpperCase().replaceAll('-', '_')}`);
}

const yes = /^(1|true|yes|on)$/i;
const no = /^(0|false|no|off)$/i;

/**
 * The environment as the options of a command may read it: a variable that is set to nothing is not set, and a switch
 * is off when its variable says so. Changes `environment`, and says of the switches that are off that they are.
 */
export function tidyEnvironment(command: Command, environment: NodeJS.ProcessEnv): void {
  for (const option of command.options) {
    const { envVar, long, required, optional, negate } = option;
    const value = envVar === undefined ? undefined : environment[envVar];
    if (envVar === undefined || value === undefined) continue;
    const isSwitch = !required && !optional;
    if (value === '') Reflect.deleteProperty(environment, envVar);
    else if (isSwitch && no.test(value)) {
      // Commander takes any value for "on". Off is said, too, and wins over a file.
      Reflect.deleteProperty(environment, envVar);
      command.setOptionValueWithSource(option.attributeName(), negate, 'env');
    } else if (isSwitch && !yes.test(value)) {
      throw new UsageError(`option '${long}' value '${value}' from env '${envVar}' is invalid. Use true or false.`);
    }
  }
}

/**
 * Refuses variables that are none of an option of any command, and differ from one by a slip: whoever set
 * `TAILNET_JWT_AUDENCE` believes that tokens must be for somebody. Others may begin alike for reasons of their own.
 *
 * @throws UsageError `there is no variable TAILNET_JWT_AUDENCE; there is TAILNET_JWT_AUDIENCE`, a line for each
 */
export function refuseMisspelt(commands: readonly Command[], environment: NodeJS.ProcessEnv): void {
  const known = new Set(commands.flatMap(({ options }) => options.flatMap(({ envVar }) => envVar ?? [])));
  for (const ours of [`${prefix}DATABASE_URL`, slotVariable]) known.add(ours);
  const mistakes = Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && !known.has(name))
    .flatMap((name) => {
      const bare = name.slice(prefix.length);
      const like = [...known].filter(
        (other) => other === `${prefix}NO_${bare}` || isSlip(bare, other.slice(prefix.length)),
      );
      return like.length === 0 ? [] : [`there is no variable ${name}; there is ${like.join(', ')}`];
    });
  if (mistakes.length > 0) throw new UsageError(mistakes.join('\n'));
}
