import { parseArgs } from 'node:util';
import type { Command, Lists, Numbers } from './command.js';
import { type NodeShape, defaultShape } from './peers/nodeComposer.js';
import { UsageError } from './usageError.js';
import { usage } from './usage.js';

/** What was asked for. */
export interface CommandLine {
  readonly name: string;
  readonly command: Command;
  readonly databaseUrl: string | undefined;
  /** NATS as the bus; undefined: the database itself. */
  readonly busUrl: string | undefined;
  readonly slowFlush: boolean;
  readonly idleListeners: number;
  /** Seconds. */
  readonly quietWait: number;
  readonly shape: NodeShape;
  readonly numbers: Numbers;
  readonly lists: Lists;
  /** Those of its options that take a text and were given, and those that take nothing. */
  readonly texts: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

/** The options that every command takes, and what they are if they are not given. */
const common: Numbers = { 'quiet-wait': 0, ...defaultShape };

/** Those that every command with a database takes besides. */
const ofDatabase: Numbers = { 'idle-listeners': 0 };

/**
 * @returns undefined if help was asked for
 * @throws UsageError with one line that says what is wrong
 */
export const parseCommandLine = (
  args: readonly string[],
  commands: Readonly<Record<string, Command>>,
  environment: Readonly<Record<string, string | undefined>>,
): CommandLine | undefined => {
  const [name, ...rest] = args.map(withTwoHyphens);
  if (name === undefined) throw new UsageError(usage(commands));
  if (args.some((arg) => /^--?h(elp)?$/.test(arg))) return undefined;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (command === undefined) {
    throw new UsageError(`there is no workload ${name}; there are ${Object.keys(commands).join(', ')}`);
  }
  const lists = command.kind === 'suite' ? command.lists : {};
  const { texts, flags } = command.kind === 'parts' ? command : { texts: {}, flags: [] };
  const bus = command.kind === 'workload' && command.takesBus === true ? ['bus'] : [];
  const options = Object.keys({ ...common, ...command.numbers, ...lists, ...texts, ...command.aliases });
  const values =
    command.kind === 'parts'
      ? parse(name, rest, options, flags)
      : parse(name, rest, ['database-url', ...bus, ...Object.keys(ofDatabase), ...options], ['slow-flush']);
  const given = (option: string): string | undefined => {
    const alias = Object.entries(command.aliases ?? {}).find(([, target]) => target === option)?.[0];
    const value = values[option] ?? (alias === undefined ? undefined : values[alias]);
    return typeof value === 'string' ? value : undefined;
  };
  const numbersOf = (defaults: Numbers, least: number): Numbers =>
    mapValues(defaults, (fallback, option) => toNumber(option, given(option), fallback, least));
  const numbers = numbersOf({ ...common, ...ofDatabase }, 0);
  const count = (option: string): number => numbers[option] ?? 0;
  return {
    name,
    command,
    databaseUrl: checkedUrl(given('database-url') ?? nonEmpty(environment['TAILNET_DATABASE_URL'])),
    busUrl: checkedBus(given('bus')),
    slowFlush: values['slow-flush'] === true,
    idleListeners: count('idle-listeners'),
    quietWait: count('quiet-wait'),
    shape: { addresses: count('addresses'), endpoints: count('endpoints'), regions: count('regions') },
    numbers: numbersOf(command.numbers, 1),
    lists: mapValues(lists, (fallback, option) => toList(option, given(option)) ?? fallback),
    texts: Object.fromEntries(
      Object.keys(texts).flatMap((option) => {
        const text = given(option);
        return text === undefined ? [] : [[option, text]];
      }),
    ),
    flags: flags.filter((option) => values[option] === true),
  };
};

/** Go's programs write long options with one hyphen, and the definitions of the workloads do so, too. */
export const withTwoHyphens = (arg: string): string => arg.replace(/^-(?=[a-z][\w-]+)/, '--');

/** A negative number is a value, though a wrong one, and no option. */
const withNegativeValues = (args: readonly string[]): string[] =>
  args.reduce<string[]>((joined, arg) => {
    const before = joined.at(-1);
    return /^-[\d.]/.test(arg) && before?.startsWith('--') === true && !before.includes('=')
      ? [...joined.slice(0, -1), `${before}=${arg}`]
      : [...joined, arg];
  }, []);

/** The definitions of the workloads have underscores in some names, where a command line mostly has hyphens: both will do. */
const withKnownNames = (args: readonly string[], options: readonly string[]): readonly string[] => {
  const bare = (name: string): string => name.replaceAll('_', '-');
  return args.map((arg) =>
    arg.replace(/^--([^=]+)/, (_, name: string) => `--${options.find((one) => bare(one) === bare(name)) ?? name}`),
  );
};

const parse = (
  command: string,
  args: readonly string[],
  options: readonly string[],
  flags: readonly string[],
): Readonly<Record<string, string | boolean | undefined>> => {
  try {
    const { values } = parseArgs({
      args: withNegativeValues(withKnownNames(args, [...options, ...flags])),
      options: {
        ...Object.fromEntries(options.map((option) => [option, { type: 'string' as const }])),
        ...Object.fromEntries(flags.map((option) => [option, { type: 'boolean' as const }])),
      },
    });
    return values;
  } catch (error) {
    // What node says of positional arguments goes on about how to give them, which is of no use here.
    const complaint = (error instanceof Error ? error.message : String(error)).split(/\. |\n/)[0] ?? '';
    const known = [...options, ...flags].map((option) => `--${option}`).join(', ');
    throw new UsageError(complaint.startsWith('Unknown') ? `${complaint}; ${command} takes ${known}` : complaint);
  }
};

const toNumber = (option: string, text: string | undefined, fallback: number, least: number): number => {
  if (text === undefined) return fallback;
  const number = text.trim() === '' ? NaN : Number(text);
  const { isRight, wanted } = kindOf(option, least);
  if (isRight(number)) return number;
  throw new UsageError(`--${option} must be ${wanted}, got "${text}"`);
};

/** Counts are whole; times need not be. A pause may be nothing, but not the time in which something is measured. */
const kindOf = (
  option: string,
  least: number,
): { readonly isRight: (number: number) => boolean; readonly wanted: string } => {
  if (/^(milli)?seconds$/.test(option)) {
    return { isRight: (number) => number > 0 && number < Infinity, wanted: `more than 0 ${option}` };
  }
  if (/seconds|wait/.test(option)) {
    return { isRight: (number) => number >= 0 && number < Infinity, wanted: 'a number of seconds' };
  }
  return {
    isRight: (number) => Number.isSafeInteger(number) && number >= least,
    wanted: `a whole number from ${least} on`,
  };
};

const toList = (option: string, text: string | undefined): readonly number[] | undefined => {
  if (text === undefined) return undefined;
  const numbers = text.split(',').map(Number);
  if (numbers.every((number) => Number.isSafeInteger(number) && number >= 1)) return numbers;
  throw new UsageError(`--${option} must be whole numbers from 1 on, separated by commas, got "${text}"`);
};

/** An environment variable that is set to nothing is as good as none; an option that is, is a mistake. */
const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

const checkedUrl = (url: string | undefined): string | undefined => {
  if (url === undefined) return undefined;
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return url;
  throw new UsageError('--database-url must be a URL like postgres://user:password@host:5432/name');
};

const checkedBus = (url: string | undefined): string | undefined => {
  if (url === undefined || /^(nats|tls):\/\/./.test(url)) return url;
  throw new UsageError('--bus must be a URL like nats://host:4222/prefix');
};

const mapValues = <T, R>(
  values: Readonly<Record<string, T>>,
  map: (value: T, name: string) => R,
): Readonly<Record<string, R>> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
