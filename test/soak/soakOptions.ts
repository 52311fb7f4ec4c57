import { parseArgs } from 'node:util';
import { UsageError } from '../../bench/usageError.js';

export interface SoakOptions {
  readonly minutes: number;
  readonly peers: number;
  /** Things that peers do in a second, all together. */
  readonly rate: number;
  readonly seed: number;
  /** A folder, made when it is not there. */
  readonly out: string;
}

/** What each option must be, least and most included. */
const limits = {
  minutes: { least: 0.1, most: 10_080, isWhole: false },
  peers: { least: 4, most: 5_000, isWhole: true },
  rate: { least: 0.1, most: 1_000, isWhole: false },
  seed: { least: 0, most: 2 ** 32 - 1, isWhole: true },
} as const;

export const soakUsage = `npm run soak -- [options]

  --minutes N  how long, 30 by default
  --peers N    how many peers, 60 by default
  --rate N     things that peers do in a second, all together, 10 by default
  --seed N     the same tunnels, deeds and faults again
  --out DIR    where the report goes, .soak/ by default
`;

/**
 * @param someSeed the seed if none is given
 * @returns undefined if help was asked for
 * @throws UsageError with one line that says what is wrong
 */
export const parseSoakOptions = (args: readonly string[], someSeed: number): SoakOptions | undefined => {
  const values = parse(args);
  if (values.help === true) return undefined;
  if (values.out === '') throw new UsageError('--out must be a folder, got ""');
  return {
    minutes: toNumber('minutes', values.minutes, 30),
    peers: toNumber('peers', values.peers, 60),
    rate: toNumber('rate', values.rate, 10),
    seed: toNumber('seed', values.seed, someSeed),
    out: values.out ?? '.soak',
  };
};

const parse = (args: readonly string[]) => {
  const text = { type: 'string' } as const;
  const options = { minutes: text, peers: text, rate: text, seed: text, out: text, help: { type: 'boolean' } } as const;
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    // What node says of positional arguments goes on about how to give them, which is of no use here.
    throw new UsageError((error instanceof Error ? error.message : String(error)).split(/\. |\n/)[0] ?? '');
  }
};

const toNumber = (option: keyof typeof limits, text: string | undefined, fallback: number): number => {
  if (text === undefined) return fallback;
  const { least, most, isWhole } = limits[option];
  const number = Number(text);
  if (text.trim() !== '' && number >= least && number <= most && (!isWhole || Number.isInteger(number))) return number;
  const kind = isWhole ? 'a whole number' : 'a number';
  throw new UsageError(`--${option} must be ${kind} from ${least} to ${most}, got "${text}"`);
};
