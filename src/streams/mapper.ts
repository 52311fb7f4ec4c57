import { type Observable, type OperatorFunction, defer, filter, map, scan } from 'rxjs';
import type { Uuid } from '../db/store.js';
import type { CoordinateResponse, CoordinateResponse_PeerUpdate as PeerUpdate } from '../proto/gen/tailnet.js';
import { sameNode } from '../proto/node.js';
import { PeerUpdateKind, updatesResponse } from '../proto/responses.js';
import { uuidToBytes } from '../proto/uuid.js';
import { type Changes, conflateChanges } from './changes.js';
import type { Mapping } from './mapping.js';
import { conflate } from './operators/conflate.js';
import type { Sight } from './view.js';

/** What was last handed over about a peer; undefined when there was nothing, or it was taken back. */
export type Sent = Mapping | undefined;

/** What to tell a connection about a peer, and what it has been told then. */
export interface Difference {
  readonly sent: Sent;
  readonly update?: Omit<PeerUpdate, 'id'>;
}

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
  if (now === 'absent') {
    if (sent === undefined) return { sent };
    return { sent: undefined, update: { node: undefined, kind: PeerUpdateKind.DISCONNECTED, reason: 'disconnected' } };
  }
  if (now.kind === 'lost') {
    if (sent?.kind !== 'node') return { sent };
    return { sent: now, update: { node: now.node, kind: PeerUpdateKind.LOST, reason: 'lost' } };
  }
  // The equal one replaces what is recorded, so that all connections hold on to the same object.
  if (sent?.kind === 'node' && sameNode(sent.node, now.node)) return { sent: now };
  const reason = sent === undefined ? 'new' : sent.kind === 'lost' ? 'found' : 'update';
  return { sent: now, update: { node: now.node, kind: PeerUpdateKind.NODE, reason } };
};

export interface MapperOptions {
  /** What the connection's peer may know of another peer. */
  readonly sight: (peerId: Uuid) => Sight;
  readonly ready$: Observable<boolean>;
  readonly maxUpdatesPerResponse: number;
}

/**
 * Turns "this may have changed" into differences for one connection. Nothing is queued: a difference is computed when
 * the receiver can take it, for the peers that may have changed and no others, and recorded as it is handed over.
 */
export const mapper = ({
  sight,
  ready$,
  maxUpdatesPerResponse,
}: MapperOptions): OperatorFunction<Changes, CoordinateResponse> => {
  return (changes$) =>
    defer(() =>
      changes$.pipe(
        conflate(ready$, () => conflateChanges(maxUpdatesPerResponse)),
        scan<Changes, Told>(({ sent }, changes) => tell(sent, changes, sight), { sent: new Map(), updates: [] }),
        map(({ updates }) => updates),
        filter((updates) => updates.length > 0),
        map(updatesResponse),
      ),
    );
};

/** The state of one connection: what it has been told, changed in place, and what to tell it now. */
interface Told {
  readonly sent: Map<Uuid, Mapping>;
  readonly updates: readonly PeerUpdate[];
}

const tell = (sent: Map<Uuid, Mapping>, { peers, ready }: Changes, sight: MapperOptions['sight']): Told => {
  const updates: PeerUpdate[] = [];
  for (const peerId of peers) {
    const before = sent.get(peerId);
    const next = difference(before, sight(peerId));
    if (next.sent === undefined) sent.delete(peerId);
    else if (next.sent !== before) sent.set(peerId, next.sent);
    if (next.update !== undefined) updates.push({ id: uuidToBytes(peerId), ...next.update });
  }
  for (const peerId of ready) {
    const id = uuidToBytes(peerId);
    updates.push({ id, node: undefined, kind: PeerUpdateKind.READY_FOR_HANDSHAKE, reason: '' });
  }
  return { sent, updates };
};
