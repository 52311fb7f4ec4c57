import type { Store } from '../../db/store.js';
import type { Clock } from './clock.js';
import { presenceFor } from './presence.js';
import { deleteTunnel, putTunnel, tunnelKey, tunnelsOf, type Tables, type TunnelRow } from './tables.js';
import { demandCoordinator, demandDistinct, type Transaction } from './transaction.js';

export const tunnelWrites = (tables: Tables, clock: Clock, transaction: Transaction): Pick<Store, 'writeTunnels'> => ({
  writeTunnels: (writer, { add, remove, clear, removeOwn = [] }) =>
    transaction((changes) => {
      demandCoordinator(tables, writer);
      demandDistinct([...add, ...remove, ...removeOwn].map(tunnelKey));
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
      for (const { src, dst } of removeOwn) {
        withdraw(tunnelsOf(tables, src, dst).filter((row) => row.coordinatorId === coordinatorId));
      }
      for (const src of clear) withdraw(tunnelsOf(tables, src).filter((row) => !kept.has(tunnelKey(row))));

      for (const { src, dst } of add) {
        putTunnel(tables, { coordinatorId, src, dst, updatedAt });
        changes.tunnel({ src, dst });
      }
      return { at: updatedAt, sender: changes.sender };
    }, writer.coordinatorId),
});
