import type { Bench } from './bench.js';
import type { NodeShape } from './peers/nodeComposer.js';
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
  /** Whether its coordinators can have another bus than the database itself. Default false. */
  readonly takesBus?: boolean;
  readonly run: (bench: Bench) => Promise<Readonly<Record<string, unknown>>>;
}

/** Many measurements, each in a process of its own, and a report. */
export interface Suite extends Described {
  readonly kind: 'suite';
  readonly lists: Lists;
  readonly run: (suite: SuiteRun) => Promise<void>;
}

/** What a command that measures parts runs in. */
export interface PartsRun {
  readonly numbers: Numbers;
  readonly texts: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
  readonly shape: NodeShape;
  /** The command as it can be repeated. */
  readonly command: string;
  progress(text: string): void;
  /** Shows people what came out; nothing where stderr is no terminal. */
  show(text: string): void;
}

/** Measurements of parts in this process, for which there is no database; their metrics become a line of JSON. */
export interface PartsCommand extends Described {
  readonly kind: 'parts';
  /** Options that take a text, with what it is called. There are no defaults. */
  readonly texts: Readonly<Record<string, string>>;
  /** Options that take nothing. */
  readonly flags: readonly string[];
  readonly run: (run: PartsRun) => Promise<Readonly<Record<string, unknown>>>;
}

export type Command = Workload | Suite | PartsCommand;
