import type { Store } from '../../db/store.js';
import { bindingWrites } from './bindingWrites.js';
import { cleanup } from './cleanup.js';
import type { Clock } from './clock.js';
import { reads } from './reads.js';
import { putCoordinator, type Tables } from './tables.js';
import type { Transaction } from './transaction.js';
import { tunnelWrites } from './tunnelWrites.js';

/** A store within the process: synchronous, and exactly what PostgreSQL would do. What disturbs it stands around it. */
export const memoryStore = (tables: Tables, clock: Clock, transaction: Transaction): Store => ({
  heartbeat: (coordinatorId) =>
    transaction((changes) => {
      const entry = tables.coordinators.get(coordinatorId);
      putCoordinator(tables, { id: coordinatorId, heartbeatAt: clock.now() });
      changes.coordinator(coordinatorId);
      return {
        created: entry === undefined,
        hasBindings: (entry?.bindings.size ?? 0) > 0,
        hasTunnels: (entry?.tunnels.size ?? 0) > 0,
      };
    }),
  ...bindingWrites(tables, clock, transaction),
  ...tunnelWrites(tables, clock, transaction),
  ...cleanup(tables, clock, transaction),
  ...reads(tables, clock),
});
