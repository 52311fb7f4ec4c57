import type { Store } from '../../db/store.js';
import type { Clock } from './clock.js';
import { bindingsOf, deleteBinding, deleteCoordinator, deleteTunnel, tunnelsOf, type Tables } from './tables.js';
import type { Transaction } from './transaction.js';

const dayInMicroseconds = 24 * 3600 * 1_000_000;

export const cleanup = (
  tables: Tables,
  clock: Clock,
  transaction: Transaction,
): Pick<Store, 'cleanCoordinators' | 'cleanLostBindings' | 'cleanTunnels'> => {
  const isOld = (time: number) => clock.now() - time > dayInMicroseconds;

  return {
    cleanCoordinators: () =>
      transaction((changes) => {
        const old = [...tables.coordinators.values()].filter(({ row }) => isOld(row.heartbeatAt));
        for (const { row } of old) {
          const { peerIds, tunnels } = deleteCoordinator(tables, row.id);
          peerIds.forEach(changes.peer);
          tunnels.forEach(changes.tunnel);
        }
        return old.length;
      }),

    cleanLostBindings: () =>
      transaction((changes) => {
        let count = 0;
        for (const peerId of [...tables.bindings.keys()]) {
          for (const row of bindingsOf(tables, peerId)) {
            if (row.status !== 'lost' || !isOld(row.updatedAt)) continue;
            deleteBinding(tables, row);
            changes.peer(peerId);
            count += 1;
          }
        }
        return count;
      }),

    cleanTunnels: () =>
      transaction((changes) => {
        let count = 0;
        for (const src of [...tables.tunnels.keys()]) {
          for (const row of tunnelsOf(tables, src)) {
            if (!isOld(row.updatedAt) || tables.bindings.get(src)?.has(row.coordinatorId)) continue;
            deleteTunnel(tables, row);
            changes.tunnel(row);
            count += 1;
          }
        }
        return count;
      }),
  };
};
