import { AssertionError } from 'node:assert';
import { NEVER, merge, timer } from 'rxjs';
import type { RunHelpers, TestScheduler } from 'rxjs/testing';
import type { Coordinator } from '../api.js';
import { createCoordinator } from '../coordinator.js';
import type { CoordinatorOptions } from '../options.js';
import { expectations, type Expectations } from './marbles/expectations.js';
import { memoryDatabase, type MemoryDatabase } from './memoryDatabase.js';

/** How long a marble test lasts. */
export interface MarblesOptions {
  /**
   * When a test with coordinators ends, in milliseconds of virtual time: what is expected of observables is listened to
   * no longer, and then the coordinators close. Default 60000. A test without coordinators ends when nothing is left to do.
   */
  readonly until?: number;
}

/** What a marble test works with: the helpers of `testScheduler.run()`, and coordinators that end with it. */
export interface MarblesContext extends RunHelpers {
  /** Where virtual time passes. */
  readonly scheduler: TestScheduler;
  /** What coordinators of this test stand on that were given nothing else. */
  readonly database: MemoryDatabase;
  /**
   * A coordinator that closes when the test ends. Unlike elsewhere everything is decided: ids are `north`, `south`,
   * `east`, `west` of the cast in this order, and jitter is in the middle of its range.
   */
  readonly createCoordinator: (options?: Partial<CoordinatorOptions>) => Coordinator;
}

/** What a marble test does. Everything happens after it has returned, so it cannot be async. */
export type MarblesBody = (context: MarblesContext) => void;

/**
 * A marble test, ready for mocha's `it` and its like:
 *
 * ```ts
 * it('shows bob to alice', marbles(({ createCoordinator, cold, expectObservable }) => {
 *   const coordinator = createCoordinator();
 *   …
 *   expectObservable(alice$).toBe('1s a', { a: … });
 * }));
 * ```
 *
 * When expectations are not met it throws one AssertionError that shows each as two aligned marble lines, and the values
 * that differ. An expectation without `toBe` or `toEqual` fails, too.
 */
export function marbles(body: MarblesBody, options?: MarblesOptions): () => void;
export function marbles(name: string, body: MarblesBody, options?: MarblesOptions): () => void;
export function marbles(
  nameOrBody: string | MarblesBody,
  bodyOrOptions?: MarblesBody | MarblesOptions,
  lastOptions?: MarblesOptions,
): () => void {
  const name = typeof nameOrBody === 'string' ? `${nameOrBody}: ` : '';
  const body = [nameOrBody, bodyOrOptions].find((argument) => typeof argument === 'function');
  const options = typeof bodyOrOptions === 'object' ? bodyOrOptions : lastOptions;
  if (!body) throw new TypeError('marbles() needs a function');

  return () => {
    const expected = expectations();
    const { scheduler } = expected;
    scheduler.run((helpers) => {
      const run: (context: MarblesContext) => unknown = body;
      const returned = run({
        ...helpers,
        ...expected.helpers(helpers),
        ...coordinators(expected, options?.until ?? 60_000),
        scheduler,
      });
      if (!(returned instanceof Promise)) return;
      returned.catch(() => undefined);
      throw new Error('the body of marbles() must not be async: virtual time passes after it has returned');
    });
    const failures = expected.failures();
    if (failures.length === 0) return;
    throw new AssertionError({ message: `${failures.map((failure) => name + failure).join('\n\n')}\n` });
  };
}

const coordinators = (
  { scheduler, stop }: Expectations,
  until: number,
): Pick<MarblesContext, 'database' | 'createCoordinator'> => {
  const database = memoryDatabase({ scheduler });
  const timeLeft = () => Math.max(0, until - scheduler.now());
  let count = 0;
  return {
    database,
    createCoordinator: (options = {}) => {
      count += 1;
      // What is scheduled first happens first: nobody hears the coordinators close.
      if (count === 1) scheduler.schedule(stop, timeLeft());
      return createCoordinator({
        database,
        // Its timers, rather than those that RxJS puts in the place of setInterval: these fail when one is cancelled in the
        // millisecond in which it is due ("Expected a due immediate or interval").
        scheduler,
        id: `c0000000-0000-4000-8000-${String(count).padStart(12, '0')}`,
        random: () => 0.5,
        ...options,
        close$: merge(options.close$ ?? NEVER, timer(timeLeft(), scheduler)),
      });
    },
  };
};
