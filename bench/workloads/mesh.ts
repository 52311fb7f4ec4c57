import type { Workload } from '../command.js';
import { latencyMetrics } from '../measure/latencyMetrics.js';
import { pause } from '../measure/pause.js';
import { expectNodes } from './expectNodes.js';
import { joinMesh } from './joinMesh.js';

/** Milliseconds after which an update counts as lost. */
const patience = 30_000;

export const mesh: Workload = {
  kind: 'workload',
  description: 'one update at a time in a mesh, until everybody has it (a point of the sweep)',
  numbers: { peers: 100, updates: 500 },
  run: async (bench) => {
    const coordinators = await bench.startTwoCoordinators();
    const { peers: count = 0, updates = 0 } = bench.numbers;
    const peers = bench.createPeers(0, count);
    bench.progress(`${count} peers join`);
    const couples = joinMesh(peers, coordinators);
    const converged = await expectNodes(bench.peers, couples, 420_000).reached;
    if (converged === undefined) throw new Error('the mesh did not converge within 420 s');
    await pause(3);
    bench.progress(`${updates} updates`);
    const latencies: number[] = [];
    const end = await bench.database.costs.start();
    for (let k = 0; k < updates; k++) {
      const sender = peers[k % count];
      if (sender === undefined) break;
      const everybody = bench.peers.watchdog.expect(count - 1, patience);
      for (const peer of peers) if (peer !== sender) peer.whenHas(sender.number, sender.version + 1, everybody);
      const sentAt = sender.update();
      const lastAt = await everybody.reached;
      if (lastAt !== undefined) latencies.push(lastAt - sentAt);
    }
    const cost = await end();
    return { ...latencyMetrics(latencies), cost, lost: updates - latencies.length };
  },
};
