import { cpuOfMachine } from './procStat.js';

/** Waits, at most `seconds`, for a second in which the machine was busy for less than 0.15 s. */
export const waitForQuiet = async (seconds: number): Promise<void> => {
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const before = cpuOfMachine();
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (cpuOfMachine() - before < 0.15) return;
  }
};
