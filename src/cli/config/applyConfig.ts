import { InvalidArgumentError, type Command, type Option } from 'commander';
import { isLike } from '../isLike.js';
import { UsageError } from '../usageError.js';
import type { Config, ConfigValue } from './configFile.js';

/** What came of one value in a file. */
export interface AppliedValue {
  readonly name: string;
  /** What counts in its place: the command line, or a variable of the environment. */
  readonly overriddenBy?: string;
}

/**
 * Gives the options of a command, which has been parsed, the values that a file has for them. The command line and the
 * environment win.
 *
 * @throws UsageError with a line for each mistake that names the file and the option: one that does not exist, or a
 *   value that it does not take
 */
export function applyConfig(command: Command, config: Config, file: string): readonly AppliedValue[] {
  const applied: AppliedValue[] = [];
  const mistakes: UsageError[] = [];
  for (const [name, value] of Object.entries(config)) {
    try {
      applied.push(applyValue(command, name, value, file));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      mistakes.push(error);
    }
  }
  if (mistakes.length > 0)
    throw new UsageError(mistakes.map(({ message }) => message).join('\n'), { cause: mistakes[0] });
  return applied;
}

function applyValue(command: Command, name: string, value: unknown, file: string): AppliedValue {
  if (value === '' || value === null)
    throw new UsageError(`${file}: ${name}: it has no value; leave the line out, or give one`);
  if (!isValue(value)) throw new UsageError(`${file}: ${name}: it is a value, or a list of values`);
  const found = command.options.find((option) => nameOf(option) === name);
  if (found === undefined || name === 'config') {
    const like = command.options.map(nameOf).filter((each) => each !== 'config' && isLike(name, each));
    const positive = name.replace(/^no-/, '');
    const isNegated = command.options.some((option) => option.negate && nameOf(option) === positive);
    const known = like.length > 0 ? `there is ${like.join(', ')}` : 'serve --help lists all';
    const hint = isNegated ? `; say ${positive}: false` : `; ${known}`;
    throw new UsageError(`${file}: there is no option ${JSON.stringify(name)}${hint}`);
  }
  const attribute = found.attributeName();
  const before = command.getOptionValueSource(attribute);
  const parsed = parsedBy(found, value, `${file}: ${name}: `);
  if (before === 'cli') return { name, overriddenBy: `--${name}` };
  if (before === 'env') return { name, overriddenBy: found.envVar ?? 'the environment' };
  command.setOptionValueWithSource(attribute, parsed, 'config');
  return { name };
}

/** `v1` of `--no-v1`. */
function nameOf({ long = '' }: Option): string {
  return long.replace(/^--(no-)?/, '');
}

function parsedBy(option: Option, value: ConfigValue, where: string): unknown {
  const text = typeof value === 'string' ? value : value.join();
  if (!option.required && !option.optional) {
    if (text === 'true' || text === 'false') return text === 'true';
    throw new UsageError(`${where}it is true or false`);
  }
  if (option.argChoices?.includes(text) === false) {
    throw new UsageError(`${where}it is one of ${option.argChoices.join(', ')}, got ${JSON.stringify(text)}`);
  }
  try {
    const parsed: unknown = option.parseArg ? option.parseArg(text, option.defaultValue) : text;
    // It is not repeated: it may be a secret.
    if (typeof value !== 'string' && !Array.isArray(parsed))
      throw new UsageError(`${where}it is one value, not a list`);
    return parsed;
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    throw new UsageError(`${where}got ${JSON.stringify(text)}. ${error.message}`, { cause: error });
  }
}

function isValue(value: unknown): value is ConfigValue {
  return isText(value) || (Array.isArray(value) && value.length > 0 && value.every(isText));
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
