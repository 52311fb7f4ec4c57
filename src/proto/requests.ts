import { Node } from './gen/tailnet.js';
import type { CoordinateRequest, DeepPartial } from './gen/tailnet.js';
import { uuidToBytes } from './uuid.js';
import type { Uuid } from './uuid.js';

/**
 * Composes what a peer sends, sparing it the raw bytes. Each returns a request with one part; a UUID that is none
 * throws a TypeError, `not a UUID: "…"`.
 */
export const requests = {
  /** Publish this node in place of the one before. What is left out is empty; fields unknown to this version are kept. */
  updateSelf: (node: DeepPartial<Node>): CoordinateRequest => compose({ updateSelf: { node: completeNode(node) } }),

  /** Open a tunnel: both ends see each other's node from now on. */
  addTunnel: (peerId: Uuid): CoordinateRequest => compose({ addTunnel: { id: uuidToBytes(peerId) } }),

  /** Close a tunnel that this peer opened. */
  removeTunnel: (peerId: Uuid): CoordinateRequest => compose({ removeTunnel: { id: uuidToBytes(peerId) } }),

  /** Leave for good. The coordinator ends the stream. */
  disconnect: (): CoordinateRequest => compose({ disconnect: {} }),

  /** Tell these peers that this one is ready for their handshakes. */
  readyForHandshake: (...peerIds: readonly Uuid[]): CoordinateRequest =>
    compose({ readyForHandshake: peerIds.map((peerId) => ({ id: uuidToBytes(peerId) })) }),
} as const;

function compose(parts: Partial<CoordinateRequest>): CoordinateRequest {
  return {
    updateSelf: undefined,
    disconnect: undefined,
    addTunnel: undefined,
    removeTunnel: undefined,
    readyForHandshake: [],
    ...parts,
  };
}

function completeNode(node: DeepPartial<Node>): Node {
  const complete = Node.fromPartial(node);
  for (const [tag, values] of Object.entries(node._unknownFields ?? {})) {
    // What a generated `fromPartial` leaves behind.
    complete._unknownFields = { ...complete._unknownFields, [Number(tag)]: [...(values ?? [])] };
  }
  return complete;
}
