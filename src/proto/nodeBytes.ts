import { bufferOf } from './bufferOf.js';
import type { Node } from './gen/tailnet.js';
import { encodeNode, sameEncodedNode } from './node.js';

/**
 * An encoded node as it is held for long: a string with a character for each byte. Strings live in the heap, where they
 * can be moved together; a `Uint8Array` of this size takes two allocations outside of it and three objects inside.
 */
export type NodeBytes = string;

/** The bytes of a node to be held. Nothing of what they are taken from is. */
export function holdBytes(encoded: Uint8Array): NodeBytes {
  return bufferOf(encoded).toString('latin1');
}

/** The bytes as they go to a store or a decoder. */
export function bytesOf(held: NodeBytes): Uint8Array {
  return Buffer.from(held, 'latin1');
}

/** {@link encodeNode}, to be held. */
export function holdNode(node: Node): NodeBytes {
  return holdBytes(encodeNode(node));
}

/**
 * `sameEncodedNode` for held ones. Nothing is decoded where the first difference is plain to see, as it mostly is; bytes that
 * hold no node are the same only as equal bytes. What no careful encoder writes (a number with needless bytes, text that
 * is no UTF-8) may pass for a difference where there is none: one update too many.
 */
export function sameNodeBytes(a: NodeBytes, b: NodeBytes): boolean {
  if (a === b) return true;
  return !differsPlainly(a, b) && sameEncodedNode(bytesOf(a), bytesOf(b));
}

/** The tags of the fields of a node that need a second look, as in tailnet.proto; `last` is that of the last known field. */
const tags = { asOf: 18, derpLatency: 50, derpForcedWebsocket: 58, addresses: 66, last: 82 } as const;

/**
 * Whether two encoded nodes differ for sure: goes through both, field by field, to the first place where they do, and
 * answers true if that is a field whose bytes say all: no map, whose order means nothing, none that is unknown here, and
 * none that a later one replaces. False is no answer.
 */
function differsPlainly(a: NodeBytes, b: NodeBytes): boolean {
  let i = skipAsOf(a, 0);
  let j = skipAsOf(b, 0);
  while (i < a.length && j < b.length) {
    const tag = a.charCodeAt(i);
    const endOfA = endOfField(a, i);
    const endOfB = endOfField(b, j);
    if (b.charCodeAt(j) !== tag || endOfA < 0 || endOfB < 0) return false;
    if (!sameRange(a, i, endOfA, b, j, endOfB)) {
      if (tag === tags.derpLatency || tag === tags.derpForcedWebsocket || tag > tags.last) return false;
      return tag >= tags.addresses || !(comesAgain(tag, a, endOfA) || comesAgain(tag, b, endOfB));
    }
    i = skipAsOf(a, endOfA);
    j = skipAsOf(b, endOfB);
  }
  return false;
}

/** Where the next field begins that is not `as_of`. */
function skipAsOf(held: NodeBytes, start: number): number {
  let position = start;
  while (held.charCodeAt(position) === tags.asOf) {
    const end = endOfField(held, position);
    if (end < 0) return position;
    position = end;
  }
  return position;
}

/** Where the field ends that begins here; -1 if it is none, or one with a number above 15. */
function endOfField(held: NodeBytes, start: number): number {
  const tag = held.charCodeAt(start);
  if (tag > 127) return -1;
  let position = start + 1;
  let value = 0;
  let byte = 128;
  for (let unit = 1; byte > 127; unit *= 128) {
    if (position >= held.length) return -1;
    byte = held.charCodeAt(position++);
    value += (byte & 127) * unit;
  }
  const wireType = tag & 7;
  const end = wireType === 0 ? position : wireType === 2 ? position + value : -1;
  return end > held.length ? -1 : end;
}

function sameRange(a: NodeBytes, i: number, endOfA: number, b: NodeBytes, j: number, endOfB: number): boolean {
  if (endOfA - i !== endOfB - j) return false;
  for (let position = i, other = j; position < endOfA; position++, other++) {
    if (a.charCodeAt(position) !== b.charCodeAt(other)) return false;
  }
  return true;
}

function comesAgain(tag: number, held: NodeBytes, start: number): boolean {
  for (let position = start; position < held.length;) {
    if (held.charCodeAt(position) === tag) return true;
    const end = endOfField(held, position);
    // What cannot be read hides what follows.
    if (end < 0) return true;
    position = end;
  }
  return false;
}
