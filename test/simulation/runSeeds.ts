import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { SeedResult, Share } from './worker.js';

export interface SeedsToRun {
  readonly first: number;
  readonly seeds: number;
  /** Processes among which they are shared out. */
  readonly jobs: number;
  /** Whether failures are shortened and described, which takes as long as hundreds of simulations. */
  readonly isDescribing: boolean;
}

interface Surroundings {
  /** Ends all of it. */
  readonly stop: AbortSignal;
  /** Where the sources are, for which `test/simulation/worker.ts` is run. Default: those that this file is one of. */
  readonly directory?: string;
}

/**
 * Runs seeds in processes of their own, and hands over how each went, as it comes. Resolves when all have ended: with
 * false if one of them broke off.
 */
export const runSeeds = async (
  { first, seeds, jobs, isDescribing }: SeedsToRun,
  told: (result: SeedResult) => void,
  { stop, directory = fileURLToPath(new URL('../../', import.meta.url)) }: Surroundings,
): Promise<boolean> => {
  const codes = await Promise.all(
    Array.from({ length: jobs }, (_, job) => {
      const share: Share = { first: first + job, last: first + seeds - 1, step: jobs, isDescribing };
      const worker = fork('test/simulation/worker.ts', [JSON.stringify(share)], { cwd: directory });
      const end = (): void => void worker.kill();
      if (stop.aborted) end();
      else stop.addEventListener('abort', end);
      worker.on('message', told);
      return new Promise<number | null>((resolve, reject) => {
        worker.on('error', reject);
        worker.on('exit', resolve);
      });
    }),
  );
  return stop.aborted || codes.every((code) => code === 0);
};
