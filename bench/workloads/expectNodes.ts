import type { BenchPeer } from '../peers/benchPeer.js';
import type { Milestone } from '../peers/milestone.js';
import type { PeerRun } from '../peers/peerRun.js';

/** Two peers that are to have each other's node. */
export type Couple = readonly [BenchPeer, BenchPeer];

/** Reached when both of each couple have any node of the other. */
export const expectNodes = (run: PeerRun, couples: readonly Couple[], patience: number): Milestone => {
  const milestone = run.watchdog.expect(2 * couples.length, patience);
  for (const [one, other] of couples) {
    one.whenHas(other.number, 1, milestone);
    other.whenHas(one.number, 1, milestone);
  }
  return milestone;
};

/** How many nodes of others are still missing. */
export const missingNodes = (couples: readonly Couple[]): number =>
  couples.reduce(
    (sum, [one, other]) => sum + (one.has(other.number, 1) ? 0 : 1) + (other.has(one.number, 1) ? 0 : 1),
    0,
  );
