// npm run fuzz -- --seconds 60 --seed 7
import { showProgress } from '../tools/showProgress.js';
import { startTool } from '../tools/startTool.js';
import { untilSignal } from '../tools/untilSignal.js';
import { FuzzFailure } from './attempt.js';
import { fuzz } from './fuzz.js';
import { fuzzCommand, type FuzzRequest } from './fuzzCommand.js';

const act = async ({ seed, seconds = Infinity }: FuzzRequest): Promise<number> => {
  const signal = untilSignal();
  const end = performance.now() + 1_000 * seconds;
  console.log(`seed ${seed}`);
  let inputs = 0;
  using progress = showProgress('fuzz', () => `${inputs} inputs, all right`);
  try {
    await fuzz(
      seed,
      () => signal.aborted || performance.now() >= end,
      () => (inputs += 1),
    );
  } catch (error) {
    progress.print(`seed ${seed}, input number ${inputs}, ${error instanceof FuzzFailure ? error.message : ''}`);
    progress.print(`The same inputs again, up to this one: npm run fuzz -- --seed ${seed}`);
    if (!(error instanceof FuzzFailure)) throw error;
    return 1;
  }
  progress.print(`${inputs} inputs, all right${signal.aborted ? '; interrupted' : ''}`);
  return 0;
};

await startTool(fuzzCommand(Date.now() % 2 ** 32), act);
