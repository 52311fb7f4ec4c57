import { Bench } from 'tinybench';
import type { MicroBenchmark } from './microBenchmark.js';
import type { Specimens } from './specimens.js';

/** What an operation takes. */
export interface MicroFigures {
  /** By the mean, as `us_per_op`: with the collections of garbage, and whatever else comes between. */
  readonly ops_per_s: number;
  readonly us_per_op: number;
  /** In the middle one of all rounds: without what comes between in fewer than half of them. */
  readonly p50_us_per_op: number;
  /** Half of the 95 % confidence interval of the mean of all rounds, in percent of it. */
  readonly rme_percent: number;
}

/**
 * Measures rounds for so many milliseconds, behind a fifth of that to warm up; for none at all, one round without.
 *
 * @throws Error `hints/peer did 0 of 1000 operations`: it does not do what it is to measure
 */
export const measureMicro = async (
  name: string,
  { operations, prepare }: MicroBenchmark,
  specimens: Specimens,
  milliseconds: number,
): Promise<MicroFigures> => {
  const round = prepare(specimens);
  const check = (done: number): void => {
    if (done !== operations) throw new Error(`${name} did ${done} of ${operations} operations`);
  };
  const first = round();
  check(await first);
  // What those before have left is not to be collected here.
  globalThis.gc?.();
  const bench = new Bench({
    ...{ time: milliseconds, iterations: milliseconds === 0 ? 1 : 10, throws: true },
    ...{ warmup: milliseconds > 0, warmupTime: milliseconds / 5, warmupIterations: 1 },
  });
  const measured = () => {
    const done = round();
    if (typeof done !== 'number') return done.then(check);
    check(done);
    return undefined;
  };
  bench.add(name, measured, { async: typeof first !== 'number', afterEach: endOfTurn });
  const [task] = await bench.run();
  if (task?.result.state !== 'completed') throw new Error(`${name} was not measured`);
  const { mean, p50, rme } = task.result.latency;
  return {
    ops_per_s: threeDigits((operations * 1000) / mean),
    us_per_op: threeDigits((mean * 1000) / operations),
    p50_us_per_op: threeDigits((p50 * 1000) / operations),
    rme_percent: threeDigits(rme),
  };
};

/** Until the end of its turn, V8 keeps all that a `WeakRef` was made or asked for: a round must not inherit it. */
const endOfTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

const threeDigits = (value: number): number => Number(value.toPrecision(3));
