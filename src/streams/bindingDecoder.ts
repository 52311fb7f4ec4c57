import type { Logger } from 'pino';
import type { Binding } from '../db/store.js';
import type { Node } from '../proto/gen/tailnet.js';
import { decodeNode } from '../proto/node.js';

/**
 * Decodes nodes as they stand in the database. One that cannot be decoded is none: whoever wrote it, the other peers are
 * served all the same. It is logged once for each time it was written.
 */
export const bindingDecoder = (logger: Logger): ((binding: Binding) => Node | undefined) => {
  /** The rows complained of, by peer and coordinator; as many as there are bad rows, so none. */
  const complaints = new Map<string, number>();
  return ({ peerId, coordinatorId, updatedAt, node }) => {
    try {
      return decodeNode(node);
    } catch (err) {
      const row = `${peerId} ${coordinatorId}`;
      if (complaints.get(row) !== updatedAt) {
        complaints.set(row, updatedAt);
        logger.error(
          { err, peer_id: peerId, of_coordinator_id: coordinatorId },
          'node in the database cannot be decoded',
        );
      }
      return undefined;
    }
  };
};
