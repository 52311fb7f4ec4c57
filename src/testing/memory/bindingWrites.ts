import type { Store } from '../../db/store.js';
import { composeBindingHint } from '../../db/bindingHint.js';
import type { Clock } from './clock.js';
import { presenceFor } from './presence.js';
import { bindingsOf, deleteBinding, putBinding, type Tables } from './tables.js';
import { demandCoordinator, demandDistinct, type Transaction } from './transaction.js';

export const bindingWrites = (
  tables: Tables,
  clock: Clock,
  transaction: Transaction,
): Pick<Store, 'writeBindings' | 'loseBindings'> => ({
  writeBindings: (writer, writes) =>
    transaction((changes) => {
      demandCoordinator(tables, writer);
      demandDistinct(writes.map(({ peerId }) => peerId));
      const { coordinatorId } = writer;
      const presence = presenceFor(tables, clock, writer);
      const updatedAt = clock.stamp();

      const nodes = writes.flatMap((write) => (write.kind === 'node' ? [write] : []));
      const hint = nodes.length === writes.length ? composeBindingHint(coordinatorId, nodes) : undefined;
      if (hint !== undefined) changes.binding(`${String(updatedAt)},${hint.peers}`, hint.rows);

      for (const write of writes) {
        const { peerId } = write;
        if (write.kind === 'disconnected') {
          for (const row of bindingsOf(tables, peerId)) {
            if (row.coordinatorId !== coordinatorId && presence.isLive(row)) continue;
            deleteBinding(tables, row);
            changes.peer(peerId);
          }
        } else if (write.kind === 'node' || tables.bindings.get(peerId)?.has(coordinatorId)) {
          const status = write.kind === 'node' ? 'ok' : 'lost';
          // A copy: the caller's bytes stay the caller's.
          putBinding(tables, { peerId, coordinatorId, updatedAt, node: Uint8Array.from(write.node), status });
          changes.peer(peerId);
        }
      }
      return { at: updatedAt, sender: changes.sender };
    }, writer.coordinatorId),

  loseBindings: (coordinatorId) =>
    transaction((changes) => {
      let count = 0;
      const updatedAt = clock.stamp();
      for (const peerId of tables.coordinators.get(coordinatorId)?.bindings ?? []) {
        const row = tables.bindings.get(peerId)?.get(coordinatorId);
        if (row?.status !== 'ok') continue;
        putBinding(tables, { ...row, status: 'lost', updatedAt });
        changes.peer(peerId);
        count += 1;
      }
      return count;
    }),
});
