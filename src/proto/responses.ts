import { CoordinateResponse_PeerUpdate_Kind } from './gen/tailnet.js';
import type { CoordinateResponse, CoordinateResponse_PeerUpdate } from './gen/tailnet.js';
import { uuidFromBytes } from './uuid.js';
import type { Uuid } from './uuid.js';

/** What happened to a peer: `NODE`, `DISCONNECTED`, `LOST` or `READY_FOR_HANDSHAKE`. */
export const PeerUpdateKind = CoordinateResponse_PeerUpdate_Kind;
export type PeerUpdateKind = CoordinateResponse_PeerUpdate_Kind;

/** Why a coordinator ends a connection, as it says in the `error` of the last response. */
export const closeErrors = {
  /** This coordinator cannot reach its database: go to another. */
  unhealthy: 'coordinator unhealthy',
  /** The same peer connected again, to this coordinator. */
  overwritten: 'peer ID overwritten by new connection',
  /** This coordinator shuts down: come back, and another will answer. */
  closed: 'coordinator closed',
  /** A defect, in the coordinator or in what it was given; its log says more. */
  internal: 'internal coordinator error',
} as const;

/** The most updates in one response; messages of some transports end at 4 MiB. */
const maxUpdatesPerResponse = 1024;

/**
 * Whom an update is about.
 *
 * @throws RangeError `a UUID has 16 bytes, got 3`; a coordinator sends no such update
 */
export function peerIdOf(update: CoordinateResponse_PeerUpdate): Uuid {
  return uuidFromBytes(update.id);
}

/** The name of a kind as tailnet.proto has it, such as `NODE`; the number in text for one that this version does not know. */
export function peerUpdateKindName(kind: PeerUpdateKind): string {
  return kindNames.get(kind) ?? String(kind);
}

const kindNames: ReadonlyMap<number, string> = new Map(
  Object.entries(PeerUpdateKind)
    .filter(([, kind]) => kind !== PeerUpdateKind.UNRECOGNIZED)
    .map(([name, kind]) => [kind, name]),
);

/** A response that says why something was not done, or why the connection ends. */
export function errorResponse(error: string): CoordinateResponse {
  return { peerUpdates: [], error };
}

/** A response that carries updates. */
export function updatesResponse(updates: readonly CoordinateResponse_PeerUpdate[]): CoordinateResponse {
  return { peerUpdates: [...updates], error: '' };
}

/** The updates in order, in slices of `max` (default 1024) at most: one per response. No updates, no slice. */
export function chunkUpdates(
  updates: readonly CoordinateResponse_PeerUpdate[],
  max: number = maxUpdatesPerResponse,
): readonly (readonly CoordinateResponse_PeerUpdate[])[] {
  if (!(max >= 1)) throw new RangeError(`a response takes at least 1 update, got ${String(max)}`);
  if (updates.length === 0) return [];
  if (updates.length <= max) return [updates];
  const chunks = [];
  for (let start = 0; start < updates.length; start += max) chunks.push(updates.slice(start, start + max));
  return chunks;
}
