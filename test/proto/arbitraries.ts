import fc from 'fast-check';
import type { Node } from '../../src/proto/index.js';

/** Any UUID, whatever its version bits. */
export const uuid = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
  const hex = Buffer.from(bytes).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
});

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const wellFormed = fc.string({ unit: 'grapheme', maxLength: 12 });
const time = fc.record({
  seconds: fc.bigInt({ min: -62_135_596_800n, max: 253_402_300_799n }),
  nanos: fc.integer({ min: 0, max: 999_999_999 }),
  _unknownFields: fc.constant({}),
});

/** Wire types 0, 1, 2 and 5, under field numbers that no version knows yet: by tag, the bytes after it. */
const unknownField = fc.integer({ min: 11, max: 5000 }).chain((number) =>
  fc.oneof(
    fc.integer({ min: 0, max: 127 }).map((value) => [number << 3, Uint8Array.of(value)] as const),
    bytesOf(8).map((value) => [(number << 3) | 1, value] as const),
    fc
      .uint8Array({ maxLength: 100 })
      .map((value) => [(number << 3) | 2, Uint8Array.of(value.length, ...value)] as const),
    bytesOf(4).map((value) => [(number << 3) | 5, value] as const),
  ),
);

function bytesOf(length: number) {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

const unknownFields = fc.array(unknownField, { maxLength: 4 }).map((fields) => {
  const byTag: Record<number, Uint8Array[]> = {};
  for (const [tag, value] of fields) (byTag[tag] ??= []).push(value);
  return byTag;
});

const mapKey = fc.oneof(wellFormed, fc.constantFrom('__proto__', 'constructor', '1-v4', '7', '-1'));

/** Any node, with what newer versions may add. Values are few enough that two nodes are often nearly the same. */
export const node: fc.Arbitrary<Node> = fc.record({
  id: fc.oneof(fc.constant(0n), int64),
  asOf: fc.option(time, { nil: undefined }),
  key: fc.uint8Array({ maxLength: 40 }),
  disco: wellFormed,
  preferredDerp: fc.oneof(fc.constant(0), int32),
  // No -0: the encoder leaves out a value that equals zero.
  derpLatency: fc.dictionary(
    mapKey,
    fc.double().map((value) => value + 0),
    { maxKeys: 4 },
  ),
  derpForcedWebsocket: fc
    .array(fc.tuple(int32, wellFormed), { maxLength: 3 })
    .map((entries) => Object.fromEntries(entries)),
  addresses: fc.array(wellFormed, { maxLength: 3 }),
  allowedIps: fc.array(wellFormed, { maxLength: 3 }),
  endpoints: fc.array(wellFormed, { maxLength: 3 }),
  _unknownFields: unknownFields,
});

const fieldNames = [
  ...['id', 'asOf', 'key', 'disco', 'preferredDerp', 'derpLatency', 'derpForcedWebsocket'],
  ...['addresses', 'allowedIps', 'endpoints', '_unknownFields'],
];

/** Two nodes that are often the same but for one field. */
export const relatedNodes: fc.Arbitrary<[Node, Node]> = fc
  .tuple(node, node, fc.subarray([...fieldNames], { maxLength: 2 }))
  .map(([first, second, fields]): [Node, Node] => [
    first,
    { ...first, ...Object.fromEntries(Object.entries(second).filter(([field]) => fields.includes(field))) },
  ]);
