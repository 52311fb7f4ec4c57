import type { Workload } from '../command.js';
import { latencyMetrics } from '../measure/latencyMetrics.js';
import { connectPairs, propagate } from './pairs.js';

export const w2Throughput: Workload = {
  kind: 'workload',
  takesBus: true,
  description: 'all pairs at once, each sending its next update when the one before has arrived',
  numbers: { pairs: 100, seconds: 15 },
  run: async (bench) => {
    const [first, second] = await bench.startTwoCoordinators();
    const pairs = await connectPairs(bench, first, second);
    const { seconds = 0 } = bench.numbers;
    bench.progress(`${seconds} s of updates`);
    const latencies: number[] = [];
    let lost = 0;
    const end = await bench.database.costs.start();
    const until = performance.now() + seconds * 1000;
    await Promise.all(
      pairs.map(async (pair) => {
        while (performance.now() < until) {
          const latency = await propagate(pair);
          if (latency === undefined) lost++;
          else latencies.push(latency);
        }
      }),
    );
    const cost = await end();
    const updates = latencies.length;
    const perUpdate = (total: number | null): number | null =>
      total === null || updates === 0 ? null : total / updates;
    return {
      ...latencyMetrics(latencies),
      cost,
      lost,
      updates,
      updates_per_s: cost.wall_s > 0 ? Math.round(updates / cost.wall_s) : 0,
      cpu_process_ms_per_update: perUpdate(cost.cpu_process_s * 1000),
      cpu_pg_ms_per_update: perUpdate(cost.cpu_pg_s === null ? null : cost.cpu_pg_s * 1000),
      statements_per_update: perUpdate(cost.statements),
      peer_updates_received: cost.peer_updates_received,
    };
  },
};
