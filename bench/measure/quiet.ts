import { cpuOfMachine } from './procStat.js';
import { pause } from './pause.js';

/** Waits, `seconds` at most, for a second in which the processors were busy for less than 0.15 s. */
export const waitForQuiet = async (seconds: number): Promise<void> => {
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const before = cpuOfMachine();
    await pause(Math.min(1, (until - performance.now()) / 1000));
    if (cpuOfMachine() - before < 0.15) return;
  }
};
