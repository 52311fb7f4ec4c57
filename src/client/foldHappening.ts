import type { CoordinateResponse } from '../proto/gen/tailnet.js';
import type { Uuid } from '../proto/uuid.js';
import { foldUpdate, lose, remove } from './foldUpdate.js';
import type { PeersDraft } from './foldUpdate.js';
import type { ConnectionState, PeerChange, RemotePeer, TailnetState } from './tailnetState.js';
import type { ConnectionEnd } from './transport.js';

/** Whatever changes what a client knows. */
export type Happening =
  | { readonly kind: 'connection'; readonly connection: ConnectionState }
  /** The goodbye is said, or there is nobody to say it to. */
  | { readonly kind: 'left'; readonly end: ConnectionEnd }
  | { readonly kind: 'response'; readonly response: CoordinateResponse }
  /** So long were these lost that they are dropped. */
  | { readonly kind: 'expired'; readonly ids: readonly Uuid[] }
  /** These are not wanted any more. */
  | { readonly kind: 'withdrawn'; readonly ids: readonly Uuid[] };

/** What a client knows, and what it remembers besides. */
export interface ClientMemory {
  readonly state: TailnetState;
  readonly readyEarly: ReadonlySet<Uuid>;
  /** The peers when the last connection ended: who is the same still was not named over the one there is now. */
  readonly carriedOver: ReadonlyMap<Uuid, RemotePeer>;
}

/** Before anything has happened. */
export const noMemory: ClientMemory = {
  state: { peers: new Map(), changes: [], connection: { kind: 'connecting' } },
  readyEarly: new Set(),
  carriedOver: new Map(),
};

/**
 * What a client knows after this. Costs a copy of the map where peers have changed, so O(peers) for each response that
 * says something, however much it says.
 */
export function foldHappening(memory: ClientMemory, happening: Happening, now: number): ClientMemory {
  const { state, readyEarly, carriedOver } = memory;
  switch (happening.kind) {
    case 'connection': {
      const { connection } = happening;
      if (connection.kind === 'connecting' || connection.kind === 'connected') {
        return { ...memory, state: { peers: state.peers, changes: [], connection } };
      }
      const draft = draftOf(state, new Set());
      const changes = [...state.peers.values()]
        .filter(({ status }) => status === 'ok')
        .map((peer) => lose(draft.peers, peer, now, 'own connection lost'));
      const lost = remember(memory, draft, changes, { connection });
      return { ...lost, carriedOver: lost.state.peers };
    }
    case 'left': {
      const draft = draftOf(state, new Set());
      const changes = [...state.peers.values()].map((peer) => remove(draft.peers, peer, 'disconnected', 'goodbye'));
      return remember(memory, draft, changes, { connection: { kind: 'closed', ...happening.end } });
    }
    case 'response': {
      const { response } = happening;
      const draft = draftOf(state, readyEarly);
      const changes = response.peerUpdates
        .map((update) => foldUpdate(draft, update, now))
        .filter((change) => change !== undefined);
      return remember(memory, draft, changes, { connection: state.connection, response });
    }
    case 'expired':
      return drop(memory, happening.ids, ({ status }) => status === 'lost', 'expired', 'lost for too long');
    case 'withdrawn':
      // The coordinator says whether the other end has a tunnel here, but only of those whom it has named.
      return drop(
        memory,
        happening.ids,
        (peer) => state.connection.kind !== 'connected' || carriedOver.get(peer.id) === peer,
        'disconnected',
        'tunnel removed',
      );
  }
}

function drop(
  memory: ClientMemory,
  ids: readonly Uuid[],
  may: (peer: RemotePeer) => boolean,
  kind: 'disconnected' | 'expired',
  reason: string,
): ClientMemory {
  const { state, readyEarly } = memory;
  const dropped = ids
    .map((id) => state.peers.get(id))
    .filter((peer) => peer !== undefined)
    .filter(may);
  if (dropped.length === 0) return memory;
  const draft = draftOf(state, readyEarly);
  const changes = dropped.map((peer) => remove(draft.peers, peer, kind, reason));
  return remember(memory, draft, changes, { connection: state.connection });
}

function draftOf({ peers }: TailnetState, readyEarly: ReadonlySet<Uuid>): PeersDraft {
  return { peers: new Map(peers), readyEarly: new Set(readyEarly) };
}

function remember(
  { state: { peers: before }, carriedOver }: ClientMemory,
  { peers, readyEarly }: PeersDraft,
  changes: readonly PeerChange[],
  rest: Pick<TailnetState, 'connection' | 'response'>,
): ClientMemory {
  return { state: { peers: changes.length === 0 ? before : peers, changes, ...rest }, readyEarly, carriedOver };
}
