import { type BenchChild, startChild } from '../childProcess.js';
import { type Bench, acquaintanceSeconds } from '../bench.js';
import type { FromWorker, ToWorker } from '../cluster/messages.js';
import type { Workload } from '../command.js';
import { latencyMetrics } from '../measure/latencyMetrics.js';
import { pause } from '../measure/pause.js';

type Worker = BenchChild<ToWorker, FromWorker>;

/** Tells all workers, and waits until all have done it. */
const together = async <K extends FromWorker['kind']>(
  workers: readonly Worker[],
  message: (index: number) => ToWorker,
  done: K,
): Promise<readonly Extract<FromWorker, { readonly kind: K }>[]> => {
  const all = Promise.all(workers.map((worker) => worker.next(done)));
  workers.forEach((worker, index) => {
    worker.send(message(index));
  });
  return all;
};

export const cluster: Workload = {
  kind: 'workload',
  takesBus: true,
  description: 'pairs that answer each other, over coordinators in processes of their own (a point of the sweep)',
  numbers: { processes: 2, pairs: 100, seconds: 10 },
  run: async (bench) => {
    const { processes = 0 } = bench.numbers;
    const workers = Array.from({ length: processes }, () => startChild<ToWorker, FromWorker>('cluster/worker'));
    try {
      return await play(bench, workers);
    } finally {
      await Promise.all(workers.map((worker) => worker[Symbol.asyncDispose]()));
    }
  },
};

const play = async (bench: Bench, workers: readonly Worker[]) => {
  const { database, numbers, peers } = bench;
  const { pairs = 0, seconds = 0 } = numbers;
  for (const worker of workers)
    await together([worker], () => ({ kind: 'start', url: database.url, busUrl: bench.busUrl }), 'started');
  await pause(acquaintanceSeconds);
  const processes = workers.length;
  bench.progress(`${processes} × ${pairs} pairs connect`);
  const { prefix } = peers.ids;
  await together(workers, (index) => ({ kind: 'connect', prefix, index, processes, pairs }), 'connected');
  await pause(2);
  bench.progress(`${seconds} s of updates`);
  const end = await database.costs.start();
  await together(workers, () => ({ kind: 'go' }), 'going');
  await pause(seconds);
  const shares = await together(workers, () => ({ kind: 'stop' }), 'stopped');
  const cost = await end();
  const updates = sum(shares.map((share) => share.updates));
  return {
    // Of an update and its answer.
    round_trip: latencyMetrics(shares.flatMap((share) => share.roundTrips)),
    cost,
    updates,
    updates_per_s: Math.round(updates / cost.wall_s),
    cpu_processes_ms_per_update: (sum(shares.map((share) => share.cpu)) * 1000) / updates,
    cpu_pg_ms_per_update: cost.cpu_pg_s === null ? null : (cost.cpu_pg_s * 1000) / updates,
    statements_per_update: cost.statements === null ? null : cost.statements / updates,
  };
};

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
