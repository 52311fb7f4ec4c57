import type { Uuid } from '../db/store.js';
import type {
  CoordinateResponse,
  CoordinateResponse_PeerUpdate as PeerUpdate,
  CoordinateResponse_PeerUpdate_Kind as PeerUpdateKind,
} from '../proto/gen/tailnet.js';
import { uuidToBytes } from '../proto/uuid.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';
import type { HeldNode } from './heldNode.js';

/** What has become of a peer, but for whose node it is. */
export interface News {
  readonly kind: PeerUpdateKind;
  readonly reason: string;
}

/** An update, and the response that carries nothing else. Shared, hence frozen. */
export interface ComposedUpdate {
  readonly update: PeerUpdate;
  readonly response: CoordinateResponse;
  /** Bytes of the node in it. */
  readonly size: number;
}

export type ComposeUpdate = (peerId: Uuid, news: News, node: HeldNode | undefined) => ComposedUpdate;

/**
 * Makes the function that composes the updates of all connections. What a peer with many watchers has to say is told to
 * one after the other, and they are all handed the same update: so it is composed once, and whoever encodes it may
 * notice that it is the one of just before.
 *
 * @param telemetry told of each, also of those that were composed already. Default: nobody
 */
export const createComposeUpdate = (telemetry: Pick<Telemetry, 'updateTold'> = silentTelemetry): ComposeUpdate => {
  let lastPeerId: Uuid | undefined;
  let lastNews: News | undefined;
  let lastNode: HeldNode | undefined;
  let last: ComposedUpdate | undefined;
  return (peerId, news, node) => {
    telemetry.updateTold(news.kind);
    if (last !== undefined && lastNode === node && lastNews === news && lastPeerId === peerId) return last;
    lastPeerId = peerId;
    lastNews = news;
    lastNode = node;
    return (last = compose(peerId, news, node));
  };
};

const compose = (peerId: Uuid, { kind, reason }: News, node: HeldNode | undefined): ComposedUpdate => {
  const update: PeerUpdate = { id: uuidToBytes(peerId), node: node?.decoded, kind, reason };
  Object.freeze(update);
  const peerUpdates = [update];
  Object.freeze(peerUpdates);
  const response: CoordinateResponse = { peerUpdates, error: '' };
  Object.freeze(response);
  return { update, response, size: node?.bytes.length ?? 0 };
};
