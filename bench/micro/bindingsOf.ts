import { randomUUID } from 'node:crypto';
import type { Binding } from 'tailnet-coordinator';
import { encodeNode } from '../../dist/proto/node.js';
import type { Specimens } from './specimens.js';

const coordinatorId = randomUUID();

/** The bindings of all specimens as they are read from the database, all at one coordinator. */
export const bindingsOf = ({ ids, nodes }: Specimens, version: number): readonly Binding[] => {
  const composed = nodes(version);
  return ids.flatMap((peerId, index) => {
    const node = composed[index];
    if (node === undefined) return [];
    const updatedAt = 1_750_000_000_000_000 + version;
    return [{ peerId, coordinatorId, updatedAt, node: Buffer.from(encodeNode(node)), status: 'ok' } as const];
  });
};
