import type { Node } from '../proto/gen/tailnet.js';
import { decodeNode } from '../proto/node.js';
import { type NodeBytes, bytesOf, sameNodeBytes } from '../proto/nodeBytes.js';

let serials = 0;

/** Everybody who is told of it is handed the same one. (Of bytes, JavaScript cannot forbid a change.) */
const freeze = (node: Node): Node => {
  Object.freeze(node.addresses);
  Object.freeze(node.allowedIps);
  Object.freeze(node.endpoints);
  Object.freeze(node.derpLatency);
  Object.freeze(node.derpForcedWebsocket);
  return Object.freeze(node);
};

/**
 * A node that a peer published, as it is held for all who may know it: its bytes, and the decoded node only for as long
 * as somebody else uses that. A decoded node is five times the size of its bytes.
 */
export class HeldNode {
  readonly bytes: NodeBytes;
  readonly #serial = ++serials;
  #decoded: WeakRef<Node>;
  /** The serial of the node that this one was compared with last: whoever watches a peer asks the same. */
  #comparedWith = 0;
  #wasSame = false;

  /** @param decoded what the bytes hold; nobody may change it any more */
  constructor(bytes: NodeBytes, decoded: Node) {
    this.bytes = bytes;
    this.#decoded = new WeakRef(freeze(decoded));
  }

  /** What the bytes hold: the same object for everybody, for as long as anybody holds it. */
  get decoded(): Node {
    const decoded = this.#decoded.deref();
    if (decoded !== undefined) return decoded;
    const again = freeze(decodeNode(bytesOf(this.bytes)));
    this.#decoded = new WeakRef(again);
    return again;
  }

  /** Whether both say the same, but for when they were composed. */
  isSameAs(other: HeldNode): boolean {
    if (this === other) return true;
    if (this.#comparedWith !== other.#serial) {
      this.#comparedWith = other.#serial;
      this.#wasSame = sameNodeBytes(this.bytes, other.bytes);
    }
    return this.#wasSame;
  }
}
