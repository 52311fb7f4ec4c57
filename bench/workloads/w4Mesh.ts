import { within } from '../measure/latencies.js';
import { type Workload, pause } from '../workload.js';

export const w4Mesh: Workload = {
  description: 'everybody opens a tunnel to everybody',
  defaults: { peers: 100 },
  run: async (bench) => {
    const [first, second] = await bench.startCoordinators(2);
    if (first === undefined || second === undefined) throw new Error('two coordinators are needed');
    const { peers: count = 0 } = bench.params;
    const peers = Array.from({ length: count }, (_, index) => bench.createPeer(index));
    const needed = count * (count - 1);

    const end = await bench.database.costs.start();
    const start = performance.now();
    for (const peer of peers) peer.connect(peer.number % 2 === 0 ? first : second);
    await Promise.all(
      peers.map(async (peer) => {
        await Promise.resolve();
        peer.update(1);
        for (let other = peer.number + 1; other < count; other++) peer.addTunnel(other);
      }),
    );
    bench.progress(`${count} peers, ${needed / 2} tunnels`);
    const seen = peers.flatMap((peer) =>
      peers.filter((other) => other !== peer).map((other) => peer.eventuallyHas(other.number, 1)),
    );
    const converged = await within(420_000, Promise.all(seen));
    const convergedAt = performance.now();
    const cost = await end();

    const endOfRest = await bench.database.costs.start();
    await pause(3);
    const after = await endOfRest();
    const missing = peers.reduce(
      (sum, peer) => sum + peers.filter((other) => other !== peer && !peer.has(other.number, 1)).length,
      0,
    );
    return {
      converge_s: (convergedAt - start) / 1000,
      converged: converged !== undefined,
      missing,
      cost,
      peer_updates_received: bench.received(),
      peer_updates_needed: needed,
      after_3s: after,
    };
  },
};
