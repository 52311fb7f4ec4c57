import type { CoordinateResponse } from '../../proto/gen/tailnet.js';
import { requests } from '../../proto/requests.js';
import { PeerUpdateKind } from '../../proto/responses.js';
import { oncePerResponse } from '../oncePerResponse.js';
import type { MessageCodec } from '../wire.js';
import { nodeFromV1, nodeToV1 } from './v1Node.js';

/** What V1 is called in events. */
export const v1Protocol = 'tailnet.v1';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The messages of one connection of V1: each node that comes is an `update_self`; each response becomes an array of the
 * nodes in it. V1 has no words for anything else: for peers that are lost or gone, for errors, or for a node without a
 * proper key. A response with nothing else in it, or the same as the one before, is not sent.
 */
export function v1Codec(): MessageCodec<string> {
  let last: string | undefined;
  return {
    decode: (data) => requests.updateSelf(nodeFromV1(textOf(data))),
    encode: (response) => {
      const text = nodesOf(response);
      if (text === undefined || text === last) return undefined;
      last = text;
      return text;
    },
  };
}

function textOf(data: Buffer): string {
  try {
    return utf8.decode(data);
  } catch (cause) {
    throw new SyntaxError('it is not in UTF-8', { cause });
  }
}

const nodesOf = oncePerResponse(({ peerUpdates }: CoordinateResponse): string | undefined => {
  const nodes: string[] = [];
  for (const { kind, node } of peerUpdates) {
    const text = kind === PeerUpdateKind.NODE && node ? nodeToV1(node) : undefined;
    if (text !== undefined) nodes.push(text);
  }
  return nodes.length === 0 ? undefined : `[${nodes.join()}]`;
});
