import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pause } from './pause.js';

/** Asks V8 for its collector, whether node was started with `--expose-gc` or not. */
const collector = (): (() => unknown) => {
  if (globalThis.gc !== undefined) return globalThis.gc;
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => unknown;
};

/**
 * A full collection, and the second in which V8 gives pages back to the machine, beside the program. Twice, because the
 * first one runs finalizers that let go of more. (The collector's flavour `last-resort` gives nothing back.)
 */
export const collectGarbage = async (): Promise<void> => {
  const collect = collector();
  await collect();
  await collect();
  await pause(1);
};
