import type { Specimens } from './specimens.js';

/**
 * Measures one part of the coordinator by itself. What it does is as small as a call or a few, so it is done many times
 * for one look at the clock, which would else be most of what is seen.
 */
export interface MicroBenchmark {
  /** What one operation is, in a line. */
  readonly operation: string;
  /** How many of them are in a round. */
  readonly operations: number;
  /** Makes what is worked on, which is not measured, and gives what is. */
  readonly prepare: (specimens: Specimens) => Round;
}

/**
 * Performs the operations, and counts those that had the effect that is to be measured. So what takes another way than it
 * should is an error and no good figure, and nothing is left out because nobody looks at it.
 */
export type Round = () => number | Promise<number>;

/** By name. Those that are to be laid beside one another share what stands before the slash. */
export type MicroBenchmarks = Readonly<Record<string, MicroBenchmark>>;
