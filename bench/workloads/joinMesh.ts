import type { Coordinator } from 'tailnet-coordinator';
import type { BenchPeer } from '../peers/benchPeer.js';
import type { Couple } from './expectNodes.js';

/**
 * Connects the peers in sequence, even ones to the first coordinator and odd ones to the second. Each has its own
 * sender, which publishes its node and opens a tunnel to every peer behind it.
 */
export const joinMesh = (
  peers: readonly BenchPeer[],
  [first, second]: readonly [Coordinator, Coordinator],
): readonly Couple[] => {
  const send = async (peer: BenchPeer) => {
    // It runs beside the one that connects the peers.
    await Promise.resolve();
    peer.update(1);
    for (let other = peer.number + 1; other < peers.length; other++) peer.addTunnel(other);
  };
  for (const peer of peers) {
    peer.connect(peer.number % 2 === 0 ? first : second);
    void send(peer);
  }
  return peers.flatMap((peer, index) => peers.slice(index + 1).map((other) => [peer, other] as const));
};
