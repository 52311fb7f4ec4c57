import { isUuid } from '../proto/uuid.js';
import type { Microseconds, Uuid } from './store.js';

/** Nodes that one coordinator wrote in one statement: rows of it that are ok. */
export interface BindingHint {
  /** By the database's clock. */
  readonly updatedAt: Microseconds;
  readonly coordinatorId: Uuid;
  readonly nodes: readonly HintedNode[];
}

/** The encoded node of a peer, in base64 until somebody wants it. */
export interface HintedNode {
  readonly peerId: Uuid;
  readonly base64: string;
}

/**
 * So many rows at most are told of in a hint, and no more: where many are written in one statement, many are read in
 * one, and to read them costs less than to tell everybody of them.
 */
const mostNodes = 4;

/** PostgreSQL takes payloads of less than 8000 bytes, and this is sent encrypted, in base64, with the time and a seal. */
const longest = 5870;

/**
 * The payload but for the time, which the database puts in front:
 * `updated_at,coordinator_id,peer_id,node[,peer_id,node…]`, the time in microseconds since the epoch, nodes in base64.
 * Undefined if it is nothing, or too much for a hint.
 */
export function composeBindingHint(
  coordinatorId: Uuid,
  writes: readonly { readonly peerId: Uuid; readonly node: Uint8Array }[],
): string | undefined {
  if (writes.length === 0 || writes.length > mostNodes) return undefined;
  let text: string = coordinatorId;
  for (const { peerId, node } of writes) {
    if (node.byteLength > longest) return undefined;
    text += `,${peerId},${Buffer.from(node.buffer, node.byteOffset, node.byteLength).toString('base64')}`;
  }
  return text.length > longest ? undefined : text;
}

/** Reads such a payload; undefined if it is none. */
export function readBindingHint(payload: string): BindingHint | undefined {
  const [time = '', coordinatorId = '', ...rest] = payload.split(',');
  if (!/^\d{1,16}$/.test(time) || !isUuid(coordinatorId)) return undefined;
  if (rest.length === 0 || rest.length % 2 === 1) return undefined;
  const nodes: HintedNode[] = [];
  for (let index = 0; index < rest.length; index += 2) {
    const peerId = rest[index] ?? '';
    if (!isUuid(peerId)) return undefined;
    nodes.push({ peerId: peerId.toLowerCase(), base64: rest[index + 1] ?? '' });
  }
  return { updatedAt: Number(time), coordinatorId: coordinatorId.toLowerCase(), nodes };
}
