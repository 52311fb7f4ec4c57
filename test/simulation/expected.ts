import type { Binding, Uuid } from '../../src/db/store.js';
import { Node } from '../../src/proto/gen/tailnet.js';
import type { Backup } from '../../src/testing/memory/rows.js';

/** What the tables say to a peer about another one. */
export type Expected =
  | { readonly kind: 'absent' | 'lost' }
  /** Without a derp: which node it is nobody can know, for one cannot be decoded. */
  | { readonly kind: 'there'; readonly derp: number | undefined };

/**
 * What somebody connected to the coordinator `here` must see of another peer, worked out anew from the rows: no state,
 * no order, no differences. This is the rule; all that the coordinator does is to come to the same by hints.
 */
export const expectedSight = (
  rows: Backup,
  viewer: { readonly id: Uuid; readonly here: Uuid; readonly live: ReadonlySet<Uuid> },
  other: Uuid,
): Expected => {
  const bindings = rows.peers.filter(({ peerId }) => peerId === other);
  if (!sharesTunnel(rows, viewer.id, other) || bindings.length === 0) return { kind: 'absent' };
  const there = bindings
    .filter(
      ({ status, coordinatorId }) =>
        status === 'ok' && (coordinatorId === viewer.here || viewer.live.has(coordinatorId)),
    )
    .sort((a, b) => b.updatedAt - a.updatedAt || (a.coordinatorId < b.coordinatorId ? -1 : 1));
  const [best] = there;
  if (best === undefined) return { kind: 'lost' };
  return { kind: 'there', derp: bindings.every(canDecode) ? derpOf(best) : undefined };
};

/** Whether one of two peers has opened a tunnel to the other one. */
export const sharesTunnel = ({ tunnels }: Pick<Backup, 'tunnels'>, peerId: Uuid, other: Uuid): boolean =>
  tunnels.some(({ src, dst }) => (src === peerId && dst === other) || (src === other && dst === peerId));

/** What tells the nodes of a simulation apart. */
export const derpOf = ({ node }: Pick<Binding, 'node'>): number => Node.decode(node).preferredDerp;

/** Whether a row's node is one. */
export const canDecode = (row: Pick<Binding, 'node'>): boolean => {
  try {
    return derpOf(row) > 0;
  } catch {
    return false;
  }
};
