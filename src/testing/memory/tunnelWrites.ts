import type { Store } from '../../db/store.js';
import type { Clock } from './clock.js';
import { presenceFor } from './presence.js';
import {
  bindingsOf,
  deleteBinding,
  deleteTunnel,
  putTunnel,
  tunnelKey,
  tunnelsOf,
  type Tables,
  type TunnelRow,
} from './tables.js';
import { demandCoordinator, demandDistinct, type Transaction } from './transaction.js';

export const tunnelWrites = (
  tables: Tables,
  clock: Clock,
  transaction: Transaction,
): Pick<Store, 'writeTunnels' | 'removeLeftovers'> => ({
  writeTunnels: (writer, { add, remove, clear }) =>
    transaction((changes) => {
      demandCoordinator(tables, writer);
      demandDistinct([...add, ...remove].map(tunnelKey));
      demandDistinct(clear);
      const { coordinatorId } = writer;
      const presence = presenceFor(tables, clock, writer);
      const updatedAt = clock.stamp();
      const kept = new Set(add.map(tunnelKey));

      const withdraw = (rows: readonly TunnelRow[]) => {
        for (const row of rows) {
          if (row.coordinatorId !== coordinatorId && presence.isLiveAt(row.src, row.coordinatorId)) continue;
          deleteTunnel(tables, row);
          changes.tunnel(row);
        }
      };
      for (const { src, dst } of remove) withdraw(tunnelsOf(tables, src, dst));
      for (const src of clear) withdraw(tunnelsOf(tables, src).filter((row) => !kept.has(tunnelKey(row))));

      for (const { src, dst } of add) {
        putTunnel(tables, { coordinatorId, src, dst, updatedAt });
        changes.tunnel({ src, dst });
      }
      return updatedAt;
    }),

  removeLeftovers: (writer, leftovers) =>
    transaction((changes) => {
      const presence = presenceFor(tables, clock, writer);
      const isElsewhere = (row: { coordinatorId: string }) => row.coordinatorId !== writer.coordinatorId;

      for (const { src, dst, at } of leftovers) {
        for (const row of tunnelsOf(tables, src, dst)) {
          if (!isElsewhere(row) || row.updatedAt > at || presence.isLiveAt(src, row.coordinatorId)) continue;
          deleteTunnel(tables, row);
          changes.tunnel(row);
        }
        if (dst !== undefined) continue;
        for (const row of bindingsOf(tables, src)) {
          if (!isElsewhere(row) || row.updatedAt > at || presence.isLive(row)) continue;
          deleteBinding(tables, row);
          changes.peer(src);
        }
      }
    }),
});
