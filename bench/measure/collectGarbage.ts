import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Asks V8 for its collector, whether node was started with `--expose-gc` or not. */
const collector = (): ((options: object) => unknown) => {
  if (globalThis.gc !== undefined) return globalThis.gc;
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as (options: object) => unknown;
};

/** A full collection that gives memory back to the machine. Twice: the first one runs finalizers that free more. */
export const collectGarbage = (): void => {
  const collect = collector();
  for (let turn = 0; turn < 2; turn++) collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
};
