import type { Binding } from '../db/store.js';
import type { Node } from '../proto/gen/tailnet.js';

/** The node that was written last, lost or not; undefined when there is none that can be decoded. */
export const newestNode = (
  bindings: readonly Binding[],
  decode: (binding: Binding) => Node | undefined,
): Node | undefined => {
  for (const binding of [...bindings].sort((a, b) => b.updatedAt - a.updatedAt)) {
    const node = decode(binding);
    if (node !== undefined) return node;
  }
  return undefined;
};
