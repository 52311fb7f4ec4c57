// npm run simulate: the whole system in virtual time, with everything that can go wrong. Each seed is another history.
import { showProgress } from '../tools/showProgress.js';
import { startTool } from '../tools/startTool.js';
import { interrupted, untilSignal } from '../tools/untilSignal.js';
import { draftPlan } from './draftPlan.js';
import { describeHistory } from './describeHistory.js';
import type { Plan } from './plan.js';
import { readPlanFile } from './planFile.js';
import { describeViolations } from './report.js';
import { runSeeds } from './runSeeds.js';
import { simulate } from './simulate.js';
import { simulateCommand, type SeedsRequest, type SimulationRequest } from './simulateCommand.js';

/** Prints all that happens. */
const trace = (plan: Plan, name: string): number => {
  const outcome = simulate(plan, { isTracing: true });
  const { violations } = outcome;
  console.log(describeHistory(outcome).join('\n'));
  if (violations.length > 0) console.log(`\n${describeViolations(outcome, name).join('\n')}`);
  else console.log(`\n${name}: everything held`);
  return violations.length === 0 ? 0 : 1;
};

const runPlan = (file: string): number => {
  const outcome = simulate(readPlanFile(file));
  if (outcome.violations.length === 0) {
    console.log(`${file}: everything held`);
    return 0;
  }
  console.log(describeViolations(outcome, file).join('\n'));
  console.log(`with all that happens: npm run simulate -- --plan ${file} --trace`);
  return 1;
};

const runAll = async ({ isOnce, ...asked }: SeedsRequest): Promise<number> => {
  const { first, seeds } = asked;
  const since = performance.now();
  const failed: number[] = [];
  let done = 0;
  const signal = untilSignal();
  const enough = new AbortController();
  let isWhole: boolean;
  {
    using progress = showProgress('simulate', () => `${done} of ${seeds}, ${failed.length} failed`);
    isWhole = await runSeeds(
      { ...asked, isDescribing: true },
      ({ seed, failure }) => {
        done += 1;
        if (failure === undefined) return;
        failed.push(seed);
        progress.print(`${failure.description}\n`);
        if (isOnce) enough.abort();
      },
      { stop: AbortSignal.any([signal, enough.signal]) },
    );
  }
  const seconds = ((performance.now() - since) / 1_000).toFixed(1);
  const tried = done < seeds ? `${done} of ${seeds}` : String(done);
  const early = done === seeds ? '' : signal.aborted ? '; interrupted' : '; ended early';
  console.log(`${tried} simulations from seed ${first} on in ${seconds} s: ${failed.length} failed${early}`);
  if (failed.length > 0) console.log(`failed: ${failed.sort((a, b) => a - b).join(' ')}`);
  if (!isWhole) console.error('a process of the simulation broke off');
  if (failed.length > 0 || !isWhole) return 1;
  return done < seeds ? interrupted : 0;
};

const act = (request: SimulationRequest): Promise<number> | number => {
  switch (request.kind) {
    case 'seeds':
      return runAll(request);
    case 'trace':
      return trace(draftPlan(request.seed), `seed ${request.seed}`);
    case 'plan':
      return request.isTracing ? trace(readPlanFile(request.file), request.file) : runPlan(request.file);
  }
};

await startTool(simulateCommand(), act);
