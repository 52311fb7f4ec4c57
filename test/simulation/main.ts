// npm run simulate: the whole system in virtual time, with everything that can go wrong. Each seed is another history.
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { draftPlan } from './draftPlan.js';
import { parseOptions, usage, type SimulationOptions } from './options.js';
import { describeFailure, failureOf } from './report.js';
import { simulate } from './simulate.js';

const trace = (seed: number): number => {
  const { log, violations } = simulate(draftPlan(seed), { isTracing: true });
  console.log(log.join('\n'));
  for (const { at, invariant, what } of violations) console.log(`at ${at} ms, ${invariant}: ${what}`);
  console.log(violations.length === 0 ? `seed ${seed}: everything held` : `seed ${seed} failed`);
  return violations.length;
};

/** Runs every `jobs`th seed, and says how each went to who asked for it. */
const work = ({ first, seeds, jobs }: SimulationOptions, job: number): void => {
  for (let seed = first + job; seed < first + seeds; seed += jobs) {
    const failure = failureOf(seed);
    process.send?.({ seed, failure: failure === undefined ? undefined : describeFailure(failure) });
  }
};

interface Result {
  readonly seed: number;
  readonly failure?: string;
}

const direct = async (options: SimulationOptions): Promise<number> => {
  const { first, seeds, jobs, isOnce } = options;
  const since = performance.now();
  const failed: number[] = [];
  let done = 0;
  const progress = (): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${seeds}, ${failed.length} failed `);
  };
  const workers = Array.from({ length: jobs }, (_, job) =>
    fork(fileURLToPath(import.meta.url), [...process.argv.slice(2), '--jobs', String(jobs)], {
      env: { ...process.env, TAILNET_SIMULATION_JOB: String(job) },
    }),
  );
  const ends = workers.map(
    (worker) =>
      new Promise<number>((resolve, reject) => {
        worker.on('message', ({ seed, failure }: Result) => {
          done += 1;
          if (failure !== undefined) {
            failed.push(seed);
            console.log(`${failure}\n`);
            if (isOnce) for (const other of workers) other.kill();
          }
          progress();
        });
        worker.on('error', reject);
        worker.on('exit', (code) => {
          resolve(code ?? 0);
        });
      }),
  );
  const codes = await Promise.all(ends);
  progress();
  const seconds = ((performance.now() - since) / 1_000).toFixed(1);
  const tried = done < seeds ? `${done} of ${seeds}, ended early` : `${done}`;
  console.log(`${tried} simulations from seed ${first} on in ${seconds} s: ${failed.length} failed`);
  if (failed.length > 0) console.log(`failed: ${failed.sort((a, b) => a - b).join(' ')}`);
  const hasBroken = codes.some((code) => code !== 0);
  if (hasBroken) console.error('a process of the simulation broke off');
  return failed.length > 0 || hasBroken ? 1 : 0;
};

const job = process.env['TAILNET_SIMULATION_JOB'];
try {
  const options = parseOptions(process.argv.slice(2), availableParallelism());
  if (job !== undefined) work(options, Number(job));
  else if (options.isTracing) process.exitCode = trace(options.first) > 0 ? 1 : 0;
  else process.exitCode = await direct(options);
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  process.exitCode = 2;
}
