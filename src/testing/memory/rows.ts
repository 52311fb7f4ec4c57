import type { Binding, Uuid } from '../../db/store.js';
import {
  bindingsOf,
  deleteBinding,
  deleteCoordinator,
  deleteTunnel,
  putBinding,
  putCoordinator,
  putTunnel,
  tunnelsOf,
  type CoordinatorRow,
  type Tables,
  type TunnelRow,
} from './tables.js';

/** A copy of all rows. */
export interface Backup {
  /** `tailnet_coordinators` */
  readonly coordinators: readonly CoordinatorRow[];
  /** `tailnet_peers` */
  readonly peers: readonly Binding[];
  /** `tailnet_tunnels` */
  readonly tunnels: readonly TunnelRow[];
}

/**
 * The tables as an operator sees them: to look at in assertions, and to change by hand. What is changed here is
 * announced to nobody, as in a PostgreSQL database without triggers.
 */
export interface Rows {
  /** `tailnet_coordinators` */
  coordinators(): readonly CoordinatorRow[];
  /** `tailnet_peers`, all of them or those of one peer. */
  peers(peerId?: Uuid): readonly Binding[];
  /** `tailnet_tunnels`, all of them or those of one source. */
  tunnels(src?: Uuid): readonly TunnelRow[];
  /** Inserts or replaces a row as it is given, for instance one whose node is no node. Its coordinator must have a row. */
  putPeer(row: Binding): void;
  /** Deletes a coordinator with all it wrote. */
  deleteCoordinator(id: Uuid): void;
  /** Deletes the rows of a peer: at one coordinator, or at all. */
  deletePeer(peerId: Uuid, coordinatorId?: Uuid): void;
  /** Deletes the rows of a tunnel, whichever coordinators wrote them; without `dst`, of all tunnels of a source. */
  deleteTunnels(src: Uuid, dst?: Uuid): void;
  /** What {@link Rows.restore} takes. */
  backup(): Backup;
  /** Puts an earlier state in the place of everything; an empty database without one. A fail-over to a replica that was behind. */
  restore(backup?: Backup): void;
}

export const rowsOf = (tables: Tables): Rows => {
  const rows: Rows = {
    coordinators: () => Array.from(tables.coordinators.values(), ({ row }) => row),
    peers: (peerId) =>
      (peerId === undefined ? [...tables.bindings.keys()] : [peerId]).flatMap((id) => bindingsOf(tables, id)),
    tunnels: (src) => (src === undefined ? [...tables.tunnels.keys()] : [src]).flatMap((id) => tunnelsOf(tables, id)),
    putPeer: (row) => putBinding(tables, row),
    deleteCoordinator: (id) => void deleteCoordinator(tables, id),
    deletePeer: (peerId, coordinatorId) => {
      for (const row of bindingsOf(tables, peerId)) {
        if (coordinatorId === undefined || row.coordinatorId === coordinatorId) deleteBinding(tables, row);
      }
    },
    deleteTunnels: (src, dst) => {
      for (const row of tunnelsOf(tables, src, dst)) deleteTunnel(tables, row);
    },
    backup: () => ({ coordinators: rows.coordinators(), peers: rows.peers(), tunnels: rows.tunnels() }),
    restore: (backup) => {
      for (const id of [...tables.coordinators.keys()]) deleteCoordinator(tables, id);
      for (const row of backup?.coordinators ?? []) putCoordinator(tables, row);
      for (const row of backup?.peers ?? []) putBinding(tables, row);
      for (const row of backup?.tunnels ?? []) putTunnel(tables, row);
    },
  };
  return rows;
};
