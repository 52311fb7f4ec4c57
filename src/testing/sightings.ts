import type { Uuid } from '../db/store.js';
import type { CoordinateResponse } from '../proto/gen/tailnet.js';
import { PeerUpdateKind, peerIdOf } from '../proto/responses.js';
import { describeUpdates } from './describeUpdates.js';

/** What is known of another peer. */
export interface Sighting {
  /** What the last update of it was. */
  readonly kind: 'node' | 'lost' | 'disconnected';
  /** The preferred relay region of the last node; what a disconnected peer had last. */
  readonly derp: number;
}

/** What a peer has been told, told apart by whom it is about. */
export interface Sightings {
  /** How things stand with a peer now. */
  of(peerId: Uuid): Sighting | undefined;
  /** How they stood from the first update on, in order. */
  historyOf(peerId: Uuid): readonly Sighting[];
  /** How often this peer said that it is ready for a handshake. */
  handshakesOf(peerId: Uuid): number;
  /** The texts of responses with an error, in order. */
  readonly errors: readonly string[];
  /** Everything in words, in order. */
  readonly log: readonly string[];
  /** Takes note of a response. */
  add(response: CoordinateResponse): void;
}

export const sightings = (): Sightings => {
  const histories = new Map<Uuid, Sighting[]>();
  const handshakes = new Map<Uuid, number>();
  const errors: string[] = [];
  const log: string[] = [];
  const latestOf = (peerId: Uuid) => histories.get(peerId)?.at(-1);

  return {
    of: latestOf,
    historyOf: (peerId) => histories.get(peerId) ?? [],
    handshakesOf: (peerId) => handshakes.get(peerId) ?? 0,
    errors,
    log,
    add: (response) => {
      log.push(...describeUpdates(response));
      if (response.error !== '') errors.push(response.error);
      for (const update of response.peerUpdates) {
        const peerId = peerIdOf(update);
        if (update.kind === PeerUpdateKind.READY_FOR_HANDSHAKE) {
          handshakes.set(peerId, (handshakes.get(peerId) ?? 0) + 1);
          continue;
        }
        const derp = update.node?.preferredDerp ?? latestOf(peerId)?.derp ?? 0;
        const history = histories.get(peerId) ?? [];
        histories.set(peerId, history);
        history.push({ kind: kindOf(update.kind), derp });
      }
    },
  };
};

const kindOf = (kind: PeerUpdateKind): Sighting['kind'] => {
  switch (kind) {
    case PeerUpdateKind.NODE:
      return 'node';
    case PeerUpdateKind.LOST:
      return 'lost';
    case PeerUpdateKind.DISCONNECTED:
      return 'disconnected';
    default:
      throw new Error(`a coordinator must not send updates of kind ${String(kind)}`);
  }
};
