import type { Binding, Uuid, Writer } from '../../db/store.js';
import type { Clock } from './clock.js';
import type { Tables } from './tables.js';

/** Judges rows as a writer does who counts a coordinator as silent after its `expiry`. */
export interface Presence {
  /** The binding is ok, and its coordinator not silent. */
  isLive(binding: Binding): boolean;
  /** The peer has a live binding at that coordinator. */
  isLiveAt(peerId: Uuid, coordinatorId: Uuid): boolean;
}

export const presenceFor = (tables: Tables, clock: Clock, { expiry }: Writer): Presence => {
  const now = clock.now();
  const isSilent = (coordinatorId: Uuid) => {
    const entry = tables.coordinators.get(coordinatorId);
    return entry === undefined || now - entry.row.heartbeatAt >= expiry * 1000;
  };
  const isLive = ({ status, coordinatorId }: Binding) => status === 'ok' && !isSilent(coordinatorId);
  return {
    isLive,
    isLiveAt: (peerId, coordinatorId) => {
      const binding = tables.bindings.get(peerId)?.get(coordinatorId);
      return binding !== undefined && isLive(binding);
    },
  };
};
