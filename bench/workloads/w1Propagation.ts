import { latencyFigures } from '../measure/latencies.js';
import type { Workload } from '../workload.js';
import { connectPairs, propagate } from './pairs.js';

export const w1Propagation: Workload = {
  description: 'one update at a time, from an agent at one coordinator to its client at the other',
  defaults: { pairs: 100, updates: 500 },
  run: async (bench) => {
    const [first, second] = await bench.startCoordinators(2);
    if (first === undefined || second === undefined) throw new Error('two coordinators are needed');
    const pairs = await connectPairs(bench, first, second);
    const { updates = 0 } = bench.params;
    const latencies: number[] = [];
    const end = await bench.database.costs.start();
    for (let k = 0; k < updates; k++) {
      const pair = pairs[k % pairs.length];
      const latency = pair && (await propagate(pair));
      if (latency !== undefined) latencies.push(latency);
      if (k % 100 === 0) bench.progress(`${k} of ${updates} updates`);
    }
    const cost = await end();
    return { ...latencyFigures(latencies), cost, lost: updates - latencies.length };
  },
};
