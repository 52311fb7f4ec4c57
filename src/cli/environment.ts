import { Option, type Command } from 'commander';
import { UsageError } from './usageError.js';

/** An option with its environment variable: `--data-dir` is `TAILNET_DATA_DIR`. The option wins. */
export function option(flags: string, description: string): Option {
  const made = new Option(flags, description);
  return made.env(`TAILNET_${made.name().toUpperCase().replaceAll('-', '_')}`);
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
