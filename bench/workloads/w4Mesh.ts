import type { Workload } from '../command.js';
import { pause } from '../measure/pause.js';
import { expectNodes, missingNodes } from './expectNodes.js';
import { joinMesh } from './joinMesh.js';

export const w4Mesh: Workload = {
  kind: 'workload',
  takesBus: true,
  description: 'everybody opens a tunnel to everybody',
  numbers: { peers: 100 },
  run: async (bench) => {
    const coordinators = await bench.startTwoCoordinators();
    const { peers: count = 0 } = bench.numbers;
    const peers = bench.createPeers(0, count);
    bench.progress(`${count} peers`);

    const end = await bench.database.costs.start();
    const start = performance.now();
    const couples = joinMesh(peers, coordinators);
    const converged = await expectNodes(bench.peers, couples, 420_000).reached;
    const cost = await end();
    const missing = missingNodes(couples);

    const endOfRest = await bench.database.costs.start();
    await pause(3);
    const after_3s = await endOfRest();
    return {
      converge_s: ((converged ?? performance.now()) - start) / 1000,
      converged: converged !== undefined,
      missing,
      cost,
      // What came late was sent all the same.
      peer_updates_received: bench.peers.received,
      peer_updates_needed: count * (count - 1),
      after_3s,
    };
  },
};
