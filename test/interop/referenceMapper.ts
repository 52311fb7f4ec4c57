import type { Uuid } from '../../src/db/store.js';
import { Node } from '../../src/proto/gen/tailnet.js';
import { nameOf } from '../../src/testing/cast.js';

/** A row of a peer at a coordinator, as the reference reads it. */
export interface ReferenceBinding {
  readonly peer_id: Uuid;
  readonly coordinator_id: Uuid;
  readonly node: Buffer;
  readonly status: 'ok' | 'lost';
  readonly updated_at: number;
}

export interface ReferenceMapping {
  readonly kind: 'NODE' | 'LOST';
  readonly node: Buffer;
  readonly updatedAt: number;
}

/** The best mapping of each peer: the first, unless a later one is there and it is lost, or both are there and that is newer. */
export const bestMappings = (
  bindings: readonly ReferenceBinding[],
  isValid: (coordinatorId: Uuid) => boolean,
  dropsSilent: boolean,
): ReadonlyMap<Uuid, ReferenceMapping> => {
  const best = new Map<Uuid, ReferenceMapping>();
  for (const { peer_id, coordinator_id, node, status, updated_at: updatedAt } of bindings) {
    if (dropsSilent && !isValid(coordinator_id)) continue;
    const kind = status === 'ok' && isValid(coordinator_id) ? 'NODE' : 'LOST';
    const before = best.get(peer_id);
    const isBetter =
      before === undefined || (kind === 'NODE' && (before.kind === 'LOST' || updatedAt > before.updatedAt));
    if (isBetter) best.set(peer_id, { kind, node, updatedAt });
  }
  return best;
};

const words = (peerId: Uuid, kind: string, reason: string, node?: Buffer): string =>
  [
    nameOf(peerId),
    kind,
    ...(node === undefined ? [] : [`derp ${Node.decode(node).preferredDerp}`]),
    `(${reason})`,
  ].join(' ');

/** What a peer is told, in words, when these are the best mappings and it was told of those before; `sent` is changed. */
export const referenceUpdates = (
  sent: Map<Uuid, ReferenceMapping>,
  best: ReadonlyMap<Uuid, ReferenceMapping>,
): readonly string[] => {
  const updates: string[] = [];
  const send = (peerId: Uuid, mapping: ReferenceMapping, reason: string) => {
    sent.set(peerId, mapping);
    updates.push(words(peerId, mapping.kind, reason, mapping.node));
  };
  for (const [peerId, mapping] of best) {
    const before = sent.get(peerId);
    if (before === undefined) {
      if (mapping.kind === 'NODE') send(peerId, mapping, 'new');
    } else if (before.kind === 'LOST') {
      if (mapping.kind === 'NODE') send(peerId, mapping, 'found');
    } else if (mapping.kind === 'LOST') send(peerId, mapping, 'lost');
    else if (!before.node.equals(mapping.node)) send(peerId, mapping, 'update');
  }
  for (const peerId of [...sent.keys()]) {
    if (best.has(peerId)) continue;
    sent.delete(peerId);
    updates.push(words(peerId, 'DISCONNECTED', 'disconnected'));
  }
  return updates;
};
