import { defer, of, type Observable } from 'rxjs';
import type { Store } from '../../db/store.js';
import type { Clock } from './clock.js';
import { bindingsOf, hasTunnel, neighboursOf, tunnelFrom, tunnelKey, type Tables } from './tables.js';

export const reads = (
  tables: Tables,
  clock: Clock,
): Pick<
  Store,
  'readCoordinators' | 'readNeighbours' | 'readPairs' | 'readBindings' | 'readOwnBindings' | 'readOwnTunnels'
> => ({
  readCoordinators: (maxAge) =>
    read(() =>
      [...tables.coordinators.values()]
        .map(({ row }) => ({ coordinatorId: row.id, age: (clock.now() - row.heartbeatAt) / 1000 }))
        .filter(({ age }) => age < maxAge),
    ),

  readNeighbours: (peerIds) =>
    read(() =>
      [...new Set(peerIds)].flatMap((peerId) => {
        const neighbourIds = [...neighboursOf(tables, peerId)];
        return neighbourIds.length === 0 ? [] : [{ peerId, neighbourIds }];
      }),
    ),

  readPairs: (pairs) => read(() => pairs.map(([a, b]) => hasTunnel(tables, a, b) || hasTunnel(tables, b, a))),

  readBindings: (peerIds) => read(() => [...new Set(peerIds)].flatMap((peerId) => bindingsOf(tables, peerId))),

  readOwnBindings: (coordinatorId) =>
    read(() =>
      [...(tables.coordinators.get(coordinatorId)?.bindings ?? [])].flatMap((peerId) => {
        const row = tables.bindings.get(peerId)?.get(coordinatorId);
        return row ? [{ peerId, updatedAt: row.updatedAt, status: row.status }] : [];
      }),
    ),

  readOwnTunnels: (coordinatorId, after, limit) =>
    read(() =>
      (tables.coordinators.get(coordinatorId)?.tunnels.page(after && tunnelKey(after), limit) ?? []).map(tunnelFrom),
    ),
});

const read = <T>(query: () => T): Observable<T> => defer(() => of(query()));
