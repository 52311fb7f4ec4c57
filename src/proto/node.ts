import { bufferOf } from './bufferOf.js';
import { CopyingReader } from './copyingReader.js';
import { createEncoder } from './createEncoder.js';
import { Node } from './gen/tailnet.js';

/** A node as it stands on the wire and in the database. Unknown fields of a decoded node are kept. */
export const encodeNode: (node: Node) => Uint8Array = createEncoder(Node);

/**
 * The node that these bytes hold. It keeps nothing of them.
 *
 * @throws Error if the bytes hold no node
 */
export function decodeNode(bytes: Uint8Array): Node {
  return Node.decode(new NativeReader(bytes));
}

/** Reads texts in one call: a node is mostly text, and the reader that it extends puts it together by characters. */
class NativeReader extends CopyingReader {
  readonly #buffer: Buffer;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#buffer = bufferOf(bytes);
  }

  override string(): string {
    const end = this.uint32() + this.pos;
    if (end > this.len) throw new RangeError('premature EOF');
    const text = this.#buffer.toString('utf8', this.pos, end);
    this.pos = end;
    return text;
  }
}

/**
 * Whether two nodes say the same. When they were composed (`asOf`) does not count, nor does the order of a map, nor
 * the sign of a zero; NaN equals NaN; fields that this version does not know do count.
 */
export function sameNode(a: Node | undefined, b: Node | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return (
    a.id === b.id &&
    a.disco === b.disco &&
    a.preferredDerp === b.preferredDerp &&
    sameBytes(a.key, b.key) &&
    sameList(a.endpoints, b.endpoints) &&
    sameList(a.addresses, b.addresses) &&
    sameList(a.allowedIps, b.allowedIps) &&
    sameMap(a.derpLatency, b.derpLatency) &&
    sameMap(a.derpForcedWebsocket, b.derpForcedWebsocket) &&
    sameUnknownFields(a._unknownFields, b._unknownFields)
  );
}

/**
 * {@link sameNode} for encoded nodes. Equal bytes are not decoded; bytes that hold no node are the same only as equal
 * bytes.
 */
export function sameEncodedNode(a: Uint8Array, b: Uint8Array): boolean {
  if (sameBytes(a, b)) return true;
  try {
    return sameNode(decodeNode(a), decodeNode(b));
  } catch {
    // At least one of them holds no node, so there is nothing but the bytes to compare.
    return false;
  }
}

/**
 * What a node says, as a text (not a readable one): two nodes have equal signatures exactly if {@link sameNode} holds.
 * Cheaper to keep than the node itself where nodes are compared with one long gone.
 */
export function nodeSignature(node: Node): string {
  return latin1(
    encodeNode({
      ...node,
      asOf: undefined,
      derpLatency: Object.fromEntries(sortedEntries(node.derpLatency).map(([key, value]) => [key, canonical(value)])),
      derpForcedWebsocket: Object.fromEntries(sortedEntries(node.derpForcedWebsocket)),
    }),
  );
}

type UnknownFields = Node['_unknownFields'];

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) {
    if (a[index] !== b[index]) return false;
  }
  return true;
}

function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((item, index) => item === b[index]));
}

function sameMap<T>(a: Readonly<Record<string, T>>, b: Readonly<Record<string, T>>): boolean {
  if (a === b) return true;
  const keys = Object.keys(a);
  // What `b` lacks, or has from its prototype, is none of the values of `a`.
  return keys.length === Object.keys(b).length && keys.every((key) => sameValue(a[key], b[key]));
}

function sameValue(a: unknown, b: unknown): boolean {
  return a === b || (a !== a && b !== b);
}

function sameUnknownFields(a: UnknownFields, b: UnknownFields): boolean {
  if (a === b) return true;
  const [mine, theirs] = [fieldsWithContent(a), fieldsWithContent(b)];
  return (
    mine.length === theirs.length &&
    mine.every(([tag, values], index) => {
      const [otherTag, others] = theirs[index] ?? ['', []];
      return (
        tag === otherTag &&
        values.length === others.length &&
        values.every((value, position) => sameBytes(value, others[position] ?? new Uint8Array()))
      );
    })
  );
}

/** The unknown fields by tag; JavaScript keeps integer keys in order. */
function fieldsWithContent(fields: UnknownFields): [string, Uint8Array[]][] {
  return Object.entries(fields ?? {}).filter(([, values]) => values.length > 0);
}

function sortedEntries<T>(map: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** One NaN of the many, one zero of the two. */
function canonical(value: number): number {
  return Number.isNaN(value) ? NaN : value + 0;
}

function latin1(bytes: Uint8Array): string {
  let text = '';
  // In pieces, because the arguments of a call live on the stack.
  for (let start = 0; start < bytes.length; start += 4096) {
    text += String.fromCharCode(...bytes.subarray(start, start + 4096));
  }
  return text;
}
