import type { Observable, OperatorFunction } from 'rxjs';
import type { Uuid } from '../db/store.js';
import type { CoordinateResponse, CoordinateResponse_PeerUpdate as PeerUpdate } from '../proto/gen/tailnet.js';
import { PeerUpdateKind } from '../proto/responses.js';
import { type Changes, ConflatedChanges } from './changes.js';
import { type ComposeUpdate, type ComposedUpdate, type News, createComposeUpdate } from './composeUpdate.js';
import type { Mapping } from './mapping.js';
import { type Conflation, type ReceiverTelemetry, conflate } from './operators/conflate.js';
import type { Sight } from './view.js';

/** What was last handed over about a peer; undefined when there was nothing, or it was taken back. */
export type Sent = Mapping | undefined;

/** What to tell a connection about a peer, and what it has been told then. */
export interface Difference {
  readonly sent: Sent;
  readonly news?: News;
}

const tell = {
  new: { kind: PeerUpdateKind.NODE, reason: 'new' },
  found: { kind: PeerUpdateKind.NODE, reason: 'found' },
  update: { kind: PeerUpdateKind.NODE, reason: 'update' },
  lost: { kind: PeerUpdateKind.LOST, reason: 'lost' },
  disconnected: { kind: PeerUpdateKind.DISCONNECTED, reason: 'disconnected' },
  ready: { kind: PeerUpdateKind.READY_FOR_HANDSHAKE, reason: '' },
} as const satisfies Record<string, News>;

/**
 * The difference between what a connection was told about a peer and what is true now:
 *
 * | told  | now              | update                                         |
 * |-------|------------------|------------------------------------------------|
 * | -     | lost             | none, and nothing is recorded                  |
 * | -     | node             | NODE, `new`                                    |
 * | lost  | lost             | none                                           |
 * | lost  | node             | NODE, `found`                                  |
 * | node  | lost             | LOST, `lost`, with the node                    |
 * | node  | an equal node    | none                                           |
 * | node  | a different node | NODE, `update`                                 |
 * | any   | absent           | DISCONNECTED, `disconnected`, without the node |
 *
 * What is unknown, because it is being read, changes nothing.
 */
export const difference = (sent: Sent, now: Sight): Difference => {
  if (now === 'unknown') return { sent };
  if (now === 'absent') return sent === undefined ? { sent } : { sent: undefined, news: tell.disconnected };
  if (now.kind === 'lost') return sent?.kind === 'node' ? { sent: now, news: tell.lost } : { sent };
  if (sent === undefined) return { sent: now, news: tell.new };
  if (sent.kind === 'lost') return { sent: now, news: tell.found };
  // The equal one replaces what is recorded, so that all connections hold on to the same object.
  return now.node.isSameAs(sent.node) ? { sent: now } : { sent: now, news: tell.update };
};

/** A frozen array whose type does not say so, because that of the generated messages does not. */
const freeze = <T>(items: T[]): T[] => {
  Object.freeze(items);
  return items;
};

/** One update has a response of its own already. */
const responseOf = (
  first: ComposedUpdate | undefined,
  all: PeerUpdate[] | undefined,
): CoordinateResponse | undefined =>
  all === undefined ? first?.response : Object.freeze({ peerUpdates: freeze(all), error: '' });

export interface MapperOptions {
  /** What the connection's peer may know of another peer. */
  readonly sight: (peerId: Uuid) => Sight;
  readonly maxUpdatesPerResponse: number;
  /** Bytes of nodes in a response with which nothing more goes into it. */
  readonly maxResponseSize: number;
  /** Shared by all connections of a coordinator, so that what they are all told is composed once. */
  readonly composeUpdate?: ComposeUpdate;
}

/**
 * What one connection has been told, and what may have changed since. Nothing is queued: a difference is computed when
 * it is taken, for the peers that may have changed and no others, and recorded with that.
 */
export class Mapper implements Conflation<Changes, CoordinateResponse> {
  readonly #sight: MapperOptions['sight'];
  readonly #composeUpdate: ComposeUpdate;
  readonly #changes: ConflatedChanges;
  readonly #maxSize: number;
  readonly #sent = new Map<Uuid, Mapping>();

  constructor({ sight, maxUpdatesPerResponse, maxResponseSize, composeUpdate = createComposeUpdate() }: MapperOptions) {
    this.#maxSize = maxResponseSize;
    this.#sight = sight;
    this.#composeUpdate = composeUpdate;
    this.#changes = new ConflatedChanges(maxUpdatesPerResponse);
  }

  add(changes: Changes): void {
    this.#changes.add(changes);
  }

  take(): CoordinateResponse | undefined {
    for (;;) {
      const changes = this.#changes.take();
      if (changes === undefined) return undefined;
      const response = this.#respond(changes);
      if (response !== undefined) return response;
    }
  }

  #respond({ peers, ready }: Changes): CoordinateResponse | undefined {
    const [only] = peers;
    // By far the most: one peer has changed, and everybody who watches it is told the same.
    if (only !== undefined && peers.length + ready.length === 1) return this.#tell(only)?.response;
    let first: ComposedUpdate | undefined;
    let all: PeerUpdate[] | undefined;
    const add = (composed: ComposedUpdate): void => {
      if (first === undefined) first = composed;
      else (all ??= [first.update]).push(composed.update);
    };
    let size = 0;
    for (const [index, peerId] of peers.entries()) {
      if (size >= this.#maxSize) {
        this.#changes.add({ peers: peers.slice(index), ready });
        return responseOf(first, all);
      }
      const composed = this.#tell(peerId);
      if (composed === undefined) continue;
      add(composed);
      size += composed.size;
    }
    for (const peerId of ready) add(this.#composeUpdate(peerId, tell.ready, undefined));
    return responseOf(first, all);
  }

  /** Records what the connection is told of this peer now. */
  #tell(peerId: Uuid): ComposedUpdate | undefined {
    const before = this.#sent.get(peerId);
    const { sent, news } = difference(before, this.#sight(peerId));
    if (sent === undefined) this.#sent.delete(peerId);
    else if (sent !== before) this.#sent.set(peerId, sent);
    return news && this.#composeUpdate(peerId, news, sent?.node);
  }
}

export interface ReceiverOptions {
  /** Undefined: the receiver is always ready. */
  readonly ready$?: Observable<boolean> | undefined;
  /** The last response, when something is wrong with `ready$` or here. Default: the error is passed on. */
  readonly lastWord?: (error: unknown) => CoordinateResponse;
  /** Told how the receiver keeps up. Default: nobody. */
  readonly telemetry?: ReceiverTelemetry | undefined;
}

/** Turns "this may have changed" into differences for one connection, as soon as its receiver is ready. */
export const mapper = ({
  ready$,
  lastWord,
  telemetry,
  ...options
}: MapperOptions & ReceiverOptions): OperatorFunction<Changes, CoordinateResponse> =>
  conflate(ready$, () => new Mapper(options), lastWord, telemetry);
