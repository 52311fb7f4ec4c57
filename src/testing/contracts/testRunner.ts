/** What a contract needs of a test runner. */
export interface TestRunner {
  /** Groups tests under a title. */
  readonly describe: (title: string, define: () => void) => void;
  /** Defines a test. */
  readonly it: (title: string, test: () => Promise<void>) => void;
  /** Runs something before each test of its group. */
  readonly beforeEach: (hook: () => Promise<void>) => void;
  /** Runs something after each test of its group. */
  readonly afterEach: (hook: () => Promise<void>) => void;
}

/**
 * The runner that mocha, jest, and vitest with `globals` put into the global scope.
 *
 * @throws Error if there is none: run the file with such a runner, or give the contract one.
 */
export function globalTestRunner(): TestRunner {
  const scope: object = globalThis;
  if (hasTestRunner(scope)) return scope;
  throw new Error(
    'a contract needs a test runner: run this file with mocha, or pass { describe, it, … } to the contract',
  );
}

function hasTestRunner(scope: object): scope is TestRunner {
  return ['describe', 'it', 'beforeEach', 'afterEach'].every((name) => typeof Reflect.get(scope, name) === 'function');
}
