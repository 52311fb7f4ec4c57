import type { Binding, Microseconds, Uuid } from '../db/store.js';
import type { HeldNode } from './heldNode.js';

/** What a connection must know of a peer: its node, and whether the peer is there or lost. Never changed once made. */
export interface Mapping {
  readonly kind: 'node' | 'lost';
  readonly node: HeldNode;
  readonly updatedAt: Microseconds;
}

/** A binding whose node can be decoded. */
export interface DecodedBinding {
  readonly coordinatorId: Uuid;
  readonly updatedAt: Microseconds;
  readonly status: Binding['status'];
  readonly node: HeldNode;
}

/**
 * The best of a peer's bindings; undefined when there is none. A binding of a coordinator that is not live counts as
 * lost. There is over lost, because a lost one may stem from a coordinator that is slow to notice, while the peer has
 * long come back elsewhere; then newer over older; then, for an order that everybody shares, the smaller coordinator id.
 */
export const bestMapping = (
  bindings: readonly DecodedBinding[],
  isLive: (coordinatorId: Uuid) => boolean,
): Mapping | undefined => {
  let best: DecodedBinding | undefined;
  let bestIsThere = false;
  for (const binding of bindings) {
    const isThere = binding.status === 'ok' && isLive(binding.coordinatorId);
    const isBetter = best === undefined || (isThere === bestIsThere ? isNewer(binding, best) : isThere);
    if (!isBetter) continue;
    best = binding;
    bestIsThere = isThere;
  }
  return best && { kind: bestIsThere ? 'node' : 'lost', node: best.node, updatedAt: best.updatedAt };
};

const isNewer = (a: DecodedBinding, b: DecodedBinding): boolean =>
  a.updatedAt === b.updatedAt ? a.coordinatorId < b.coordinatorId : a.updatedAt > b.updatedAt;
