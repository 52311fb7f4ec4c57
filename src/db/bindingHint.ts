import { bufferOf } from '../proto/bufferOf.js';
import { isUuid, uuidAt, uuidToBytes } from '../proto/uuid.js';
import type { Microseconds, Uuid } from './store.js';

/** That one coordinator wrote nodes of these peers in one statement: rows of it that are ok. */
export interface BindingHint {
  readonly peerIds: readonly Uuid[];
  /** Takes the rows out, which costs something; undefined if no coordinator of this database has put them in. */
  readonly open: () => HintedRows | undefined;
}

/** What was written, for who wants it. */
export interface HintedRows {
  /** By the database's clock. */
  readonly updatedAt: Microseconds;
  readonly coordinatorId: Uuid;
  /** An encoded node for each of the peers, in their order. */
  readonly nodes: readonly Uint8Array[];
}

/** A hint as it is sent: `peers` stands open, behind a time that the database puts in front; `rows` is sealed. */
export interface ComposedHint {
  /** `peer_id[,peer_id…]`. */
  readonly peers: string;
  /** The id of the coordinator, and the length and bytes of each node. */
  readonly rows: Uint8Array;
}

/**
 * So many rows at most are told of in a hint, and no more: where many are written in one statement, many are read in
 * one, and to read them costs less than to tell everybody of them.
 */
const mostNodes = 4;

/**
 * Bytes of rows. PostgreSQL takes payloads of less than 8000 bytes, and these are sent encrypted, in base64, with the time,
 * the peers and a seal.
 */
const longest = 5800;

const uuidBytes = 16;
const lengthBytes = 4;
const uuidLength = 36;
const comma = 44;

/** The hint about these writes; undefined if they are none, or too much for a hint. */
export function composeBindingHint(
  coordinatorId: Uuid,
  writes: readonly { readonly peerId: Uuid; readonly node: Uint8Array }[],
): ComposedHint | undefined {
  if (writes.length === 0 || writes.length > mostNodes) return undefined;
  let end = uuidBytes;
  for (const { node } of writes) end += lengthBytes + node.byteLength;
  if (end > longest) return undefined;
  const rows = Buffer.allocUnsafe(end);
  rows.set(uuidToBytes(coordinatorId));
  let peers = '';
  let position = uuidBytes;
  for (const { peerId, node } of writes) {
    peers += peers === '' ? peerId : `,${peerId}`;
    rows.set(node, rows.writeUInt32BE(node.byteLength, position));
    position += lengthBytes + node.byteLength;
  }
  return { peers, rows };
}

/**
 * Reads what stands open, `updated_at,peer_id[,peer_id…]`, the time in microseconds since the epoch; undefined if that is
 * no such thing.
 *
 * @param sealed takes out the rows; what it gives, it answers for, and for all that stands open
 */
export function readBindingHint(payload: string, sealed: () => Uint8Array | undefined): BindingHint | undefined {
  const start = payload.indexOf(',');
  if (start < 0 || (payload.length - start) % (uuidLength + 1) !== 0) return undefined;
  const peerIds: Uuid[] = [];
  for (let position = start; position < payload.length; position += uuidLength + 1) {
    const peerId = payload.slice(position + 1, position + 1 + uuidLength);
    if (payload.charCodeAt(position) !== comma || !isUuid(peerId)) return undefined;
    peerIds.push(peerId.toLowerCase());
  }
  if (peerIds.length === 0) return undefined;
  return {
    peerIds,
    open: () => {
      const rows = sealed();
      return rows && readRows(payload.slice(0, start), peerIds.length, bufferOf(rows));
    },
  };
}

function readRows(time: string, count: number, rows: Buffer): HintedRows | undefined {
  if (!/^\d{1,16}$/.test(time) || rows.length < uuidBytes) return undefined;
  const nodes: Uint8Array[] = [];
  let position = uuidBytes;
  while (position + lengthBytes <= rows.length) {
    const start = position + lengthBytes;
    const end = start + rows.readUInt32BE(position);
    if (end > rows.length) return undefined;
    nodes.push(rows.subarray(start, end));
    position = end;
  }
  if (position !== rows.length || nodes.length !== count) return undefined;
  return { updatedAt: Number(time), coordinatorId: uuidAt(rows, 0), nodes };
}
