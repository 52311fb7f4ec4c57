import type { Round } from './microBenchmark.js';
import { specimenCount } from './specimens.js';

const turns = 10;

/** The operations in a round of {@link manyTimes} with all specimens. */
export const manyOperations = turns * specimenCount;

/**
 * A round that does something about each of the specimens, ten times.
 *
 * @param act answers whether it had the effect that is measured
 */
export const manyTimes =
  <T>(specimens: readonly T[], act: (specimen: T, index: number) => boolean): Round =>
  () => {
    let effects = 0;
    for (let turn = 0; turn < turns; turn++) {
      let index = 0;
      for (const specimen of specimens) if (act(specimen, index++)) effects++;
    }
    return effects;
  };
