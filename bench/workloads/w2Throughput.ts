import { latencyFigures } from '../measure/latencies.js';
import type { Workload } from '../workload.js';
import { connectPairs, propagate } from './pairs.js';

export const w2Throughput: Workload = {
  description: 'all pairs at once, each sending its next update when the one before has arrived',
  defaults: { pairs: 100, seconds: 15 },
  run: async (bench) => {
    const [first, second] = await bench.startCoordinators(2);
    if (first === undefined || second === undefined) throw new Error('two coordinators are needed');
    const pairs = await connectPairs(bench, first, second);
    const { seconds = 0 } = bench.params;
    const latencies: number[] = [];
    let lost = 0;
    const receivedBefore = bench.received();
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
    return {
      ...latencyFigures(latencies),
      cost,
      lost,
      updates,
      updates_per_s: Math.round(updates / cost.wall_s),
      cpu_process_ms_per_update: (cost.cpu_process_s * 1000) / updates,
      cpu_pg_ms_per_update: (cost.cpu_pg_s * 1000) / updates,
      statements_per_update: cost.statements === null ? null : cost.statements / updates,
      peer_updates_received: bench.received() - receivedBefore,
    };
  },
};
