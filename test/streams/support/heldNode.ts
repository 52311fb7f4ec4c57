import type { Node } from '../../../src/proto/gen/tailnet.js';
import { decodeNode, encodeNode } from '../../../src/proto/node.js';
import { holdBytes } from '../../../src/proto/nodeBytes.js';
import { HeldNode } from '../../../src/streams/heldNode.js';

/** A node as the streams hold it. */
export const heldNode = (node: Node): HeldNode => {
  const encoded = encodeNode(node);
  return new HeldNode(holdBytes(encoded), decodeNode(encoded));
};
