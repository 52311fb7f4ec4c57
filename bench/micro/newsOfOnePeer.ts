import { HeldNode } from '../../dist/streams/heldNode.js';
import type { Mapping } from '../../dist/streams/mapping.js';
import { holdNode } from '../../dist/proto/nodeBytes.js';
import type { Specimens } from './specimens.js';

/** A prime number, so that steps of any length come by all versions. */
const versions = 61;

/**
 * Gives, at each call, another version of what is known of one peer. A node remembers whom it was compared with last; so
 * the steps change, and no version follows the same one twice in succession.
 */
export const newsOfOnePeer = ({ nodes }: Specimens): (() => Mapping) => {
  const mappings = Array.from({ length: versions }, (_, version) => {
    const [node] = nodes(version);
    if (node === undefined) throw new Error('there are no specimens');
    // The node is kept beside: alone, the held one would have to decode it again.
    return { node, mapping: { kind: 'node', node: new HeldNode(holdNode(node), node), updatedAt: version } as const };
  });
  let position = 0;
  let step = 1;
  let steps = 0;
  return () => {
    if (++steps % versions === 0) step = (step % (versions - 1)) + 1;
    position = (position + step) % versions;
    const next = mappings[position];
    if (next === undefined) throw new RangeError(`there is no version ${position}`);
    return next.mapping;
  };
};
