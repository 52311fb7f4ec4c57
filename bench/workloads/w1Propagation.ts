import type { Workload } from '../command.js';
import { latencyMetrics } from '../measure/latencyMetrics.js';
import { connectPairs, propagate } from './pairs.js';

export const w1Propagation: Workload = {
  kind: 'workload',
  takesBus: true,
  description: 'one update at a time, from an agent at one coordinator to its client at the other',
  numbers: { pairs: 100, updates: 500 },
  run: async (bench) => {
    const [first, second] = await bench.startTwoCoordinators();
    const pairs = await connectPairs(bench, first, second);
    const { updates = 0 } = bench.numbers;
    bench.progress(`${updates} updates`);
    const latencies: number[] = [];
    const end = await bench.database.costs.start();
    for (let k = 0; k < updates; k++) {
      const pair = pairs[k % pairs.length];
      const latency = pair && (await propagate(pair));
      if (latency !== undefined) latencies.push(latency);
    }
    const cost = await end();
    return { ...latencyMetrics(latencies), cost, lost: updates - latencies.length };
  },
};
