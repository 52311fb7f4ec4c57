import type { Bench } from './bench.js';
import type { SuiteRun } from './suites/suiteRun.js';

/** Numbers that a command takes, by option, with their defaults. */
export type Numbers = Readonly<Record<string, number>>;

/** Lists of numbers that a command takes, by option, with their defaults. */
export type Lists = Readonly<Record<string, readonly number[]>>;

interface Described {
  readonly description: string;
  readonly numbers: Numbers;
  /** Other names of options. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** One measurement in this process; its metrics become a line of JSON. */
export interface Workload extends Described {
  readonly kind: 'workload';
  readonly run: (bench: Bench) => Promise<Readonly<Record<string, unknown>>>;
}

/** Many measurements, each in a process of its own, and a report. */
export interface Suite extends Described {
  readonly kind: 'suite';
  readonly lists: Lists;
  readonly run: (suite: SuiteRun) => Promise<void>;
}

export type Command = Workload | Suite;
