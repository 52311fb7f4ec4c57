import { setMaxListeners } from 'node:events';
import type { Context } from 'mocha';
import { buildComplaint } from '../support/buildComplaint.js';

/**
 * Says how it went, in a few words that are shown behind the name of the test. `arrange` makes what takes the
 * processor's time, such as starting servers, wait for its turn.
 */
type Scenario = (arrange: Arrange) => Promise<string | undefined>;

export type Arrange = <T>(work: () => Promise<T>) => Promise<T>;

interface Registered {
  readonly run: Scenario;
  readonly seconds: number;
  result?: Promise<string | undefined>;
}

const scenarios: Registered[] = [];

/** So many arrange at the same time. */
const places = 2;
let taken = 0;
const queue: { readonly seconds: number; readonly begin: () => void }[] = [];

/** Whoever lasts longest goes first. */
const arrangeFor =
  (seconds: number): Arrange =>
  async (work) => {
    if (taken === places) {
      await new Promise<void>((begin) => {
        queue.push({ seconds, begin });
        queue.sort((a, b) => b.seconds - a.seconds);
      });
    } else taken++;
    try {
      return await work();
    } finally {
      // The place goes from hand to hand.
      const next = queue.shift();
      if (next === undefined) taken--;
      else next.begin();
    }
  };

/** All of all files, the longest first, so that it is quiet by the time of the shortest, which are the most exact. */
const startAll = (): void => {
  // Each server of theirs listens for the end of this process.
  setMaxListeners(10 + scenarios.length, process);
  for (const scenario of [...scenarios].sort((a, b) => b.seconds - a.seconds)) {
    if (scenario.result !== undefined) continue;
    scenario.result = scenario.run(arrangeFor(scenario.seconds));
    // Its own test tells.
    scenario.result.catch(() => undefined);
  }
};

/**
 * A test that mostly waits, for so many seconds. All of these run at the same time, from the first of them on, and each
 * shares nothing with any other; so together they take hardly longer than the longest. Each is reported as a test of
 * its own. The describe they are in must be {@link together}.
 */
export const waits = (name: string, seconds: number, run: Scenario): void => {
  const scenario: Registered = { run, seconds };
  scenarios.push(scenario);
  it(name, async function (this: Context) {
    startAll();
    const how = await scenario.result;
    if (how !== undefined && this.test !== undefined) this.test.title += ` (${how})`;
  });
};

/** A describe with tests that {@link waits}. */
export const together = (title: string, define: () => void): void => {
  describe(title, function () {
    this.timeout(180_000);
    // Before anything is started: processes of another version would fail in ways that explain nothing.
    before('what was built is what the sources say', () => {
      const complaint = buildComplaint();
      // Where it is thrown is of no interest.
      if (complaint !== undefined) throw Object.assign(new Error(complaint), { stack: complaint });
    });
    // When only some tests were asked for, the others have begun all the same.
    after('all have ended', () => Promise.allSettled(scenarios.flatMap(({ result }) => result ?? [])));
    define();
  });
};

/** Milliseconds in words. */
export const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
