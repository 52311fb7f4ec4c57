import { defer, of, type Observable } from 'rxjs';
import { channels } from '../../db/bus.js';
import { StoreError, type Tunnel, type Uuid, type Writer } from '../../db/store.js';
import type { MemoryBus } from './memoryBus.js';
import { tunnelKey, type Tables } from './tables.js';

/** What a write changed, and so has to announce: each once. */
export interface Changes {
  /** By whom they are announced. */
  readonly sender: number;
  readonly coordinator: (coordinatorId: Uuid) => void;
  readonly peer: (peerId: Uuid) => void;
  readonly tunnel: (tunnel: Tunnel) => void;
  /** Rows that were written: a payload of `channels.binding`, and what is sealed beside it. */
  readonly binding: (payload: string, rows: Uint8Array) => void;
}

/**
 * Runs a write when it is subscribed to, announces what it changed, then answers. A write that throws must do so
 * before it changes anything. Those of a coordinator share a few senders.
 */
export type Transaction = <T>(write: (changes: Changes) => T, coordinatorId?: Uuid) => Observable<T>;

export const transactionsOn =
  ({ announce, nextSender }: MemoryBus): Transaction =>
  (write, coordinatorId) =>
    defer(() => {
      const coordinatorIds = new Set<Uuid>();
      const peerIds = new Set<Uuid>();
      const tunnels = new Set<string>();
      const bindings = new Map<string, Uint8Array>();
      const sender = nextSender(coordinatorId);
      const value = write({
        sender,
        coordinator: (coordinatorId) => coordinatorIds.add(coordinatorId),
        peer: (peerId) => peerIds.add(peerId),
        tunnel: (tunnel) => tunnels.add(tunnelKey(tunnel)),
        binding: (payload, rows) => bindings.set(payload, rows),
      });
      announce(channels.heartbeat, coordinatorIds, { sender });
      for (const [payload, rows] of bindings) announce(channels.binding, [payload], { sender, sealed: () => rows });
      announce(channels.peer, peerIds, { sender });
      announce(channels.tunnel, tunnels, { sender });
      return of(value);
    });

/** What the foreign keys of PostgreSQL see to. */
export const demandCoordinator = (tables: Tables, { coordinatorId }: Writer): void => {
  if (tables.coordinators.has(coordinatorId)) return;
  throw new StoreError('missing-coordinator', `coordinator ${coordinatorId} has no row`);
};

/** PostgreSQL refuses to write a row twice in one statement. */
export const demandDistinct = (keys: readonly string[]): void => {
  if (new Set(keys).size === keys.length) return;
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  throw new StoreError('refused', `the batch holds ${twice} more than once`);
};
