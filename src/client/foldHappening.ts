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
}

/** Before anything has happened. */
export const noMemory: ClientMemory = {
  state: { peers: new Map(), changes: [], connection: { kind: 'connecting' } },
  readyEarly: new Set(),
};

/**
 * What a client knows after this. Costs a copy of the map where peers have changed, so O(peers) for each response that
 * says something, however much it says.
 */
export function foldHappening({ state, readyEarly }: ClientMemory, happening: Happening, now: number): ClientMemory {
  switch (happening.kind) {
    case 'connection': {
      const { connection } = happening;
      if (connection.kind === 'connecting' || connection.kind === 'connected') {
        return { state: { peers: state.peers, changes: [], connection }, readyEarly };
      }
      const draft = draftOf(state, new Set());
      const changes = [...state.peers.values()]
        .filter(({ status }) => status === 'ok')
        .map((peer) => lose(draft.peers, peer, now, 'own connection lost'));
      return remember(state, draft, changes, { connection });
    }
    case 'left': {
      const draft = draftOf(state, new Set());
      const changes = [...state.peers.values()].map((peer) => remove(draft.peers, peer, 'disconnected', 'goodbye'));
      return remember(state, draft, changes, { connection: { kind: 'closed', ...happening.end } });
    }
    case 'response': {
      const { response } = happening;
      const draft = draftOf(state, readyEarly);
      const changes = response.peerUpdates
        .map((update) => foldUpdate(draft, update, now))
        .filter((change) => change !== undefined);
      return remember(state, draft, changes, { connection: state.connection, response });
    }
    case 'expired':
      return drop(state, readyEarly, happening.ids, ({ status }) => status === 'lost', 'expired', 'lost for too long');
    case 'withdrawn':
      // While there is a connection, the coordinator says whether the other end has a tunnel here.
      return state.connection.kind === 'connected'
        ? { state, readyEarly }
        : drop(state, readyEarly, happening.ids, () => true, 'disconnected', 'tunnel removed');
  }
}

function drop(
  state: TailnetState,
  readyEarly: ReadonlySet<Uuid>,
  ids: readonly Uuid[],
  may: (peer: RemotePeer) => boolean,
  kind: 'disconnected' | 'expired',
  reason: string,
): ClientMemory {
  const draft = draftOf(state, readyEarly);
  const changes = ids
    .map((id) => state.peers.get(id))
    .filter((peer) => peer !== undefined)
    .filter(may)
    .map((peer) => remove(draft.peers, peer, kind, reason));
  return changes.length === 0
    ? { state, readyEarly }
    : remember(state, draft, changes, { connection: state.connection });
}

function draftOf({ peers }: TailnetState, readyEarly: ReadonlySet<Uuid>): PeersDraft {
  return { peers: new Map(peers), readyEarly: new Set(readyEarly) };
}

function remember(
  { peers: before }: TailnetState,
  { peers, readyEarly }: PeersDraft,
  changes: readonly PeerChange[],
  rest: Pick<TailnetState, 'connection' | 'response'>,
): ClientMemory {
  return { state: { peers: changes.length === 0 ? before : peers, changes, ...rest }, readyEarly };
}
