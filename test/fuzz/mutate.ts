import type { Chance } from '../support/chance.js';

/** Bytes that mean something in many places: ends of ranges, continuation bits, tags of groups, the tag zero. */
const tellingBytes = [0x00, 0x01, 0x7f, 0x80, 0xff, 0x0b, 0x0c, 0x0a, 0x10, 0x12, 0x22, 0x32, 0x3a, 0x42, 0x7b, 0x7c];

type Mutation = (bytes: Buffer, chance: Chance, other: Buffer) => Buffer;

const place = (bytes: Buffer, chance: Chance): number => chance.below(bytes.length + 1);

const piece = (bytes: Buffer, chance: Chance): Buffer => {
  const [a, b] = [place(bytes, chance), place(bytes, chance)];
  return bytes.subarray(Math.min(a, b), Math.max(a, b));
};

const insert = (bytes: Buffer, at: number, inserted: Uint8Array, dropped = 0): Buffer =>
  Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + dropped)]);

const mutations: readonly Mutation[] = [
  // A bit, a byte.
  (bytes, chance) => {
    const at = place(bytes, chance);
    return insert(bytes, at, Buffer.from([(bytes[at] ?? 0) ^ (1 << chance.below(8))]), 1);
  },
  (bytes, chance) => insert(bytes, place(bytes, chance), Buffer.from([chance.oneOf(tellingBytes)]), 1),
  (bytes, chance) => insert(bytes, place(bytes, chance), Buffer.from([chance.below(256)]), chance.below(2)),
  // Something is missing, cut off, there twice, or in another order.
  (bytes, chance) => insert(bytes, place(bytes, chance), Buffer.alloc(0), 1 + chance.below(8)),
  (bytes, chance) => bytes.subarray(0, place(bytes, chance)),
  (bytes, chance) => insert(bytes, place(bytes, chance), piece(bytes, chance)),
  (bytes, chance) => Buffer.concat([piece(bytes, chance), piece(bytes, chance)]),
  // Something of another.
  (bytes, chance, other) => insert(bytes, place(bytes, chance), piece(other, chance), chance.below(4)),
  (bytes, _chance, other) => Buffer.concat([bytes, other]),
  // A number that is as large as can be, or longer than it may be.
  (bytes, chance) => insert(bytes, place(bytes, chance), Buffer.alloc(1 + chance.below(12), 0xff), chance.below(2)),
  // Deep.
  (bytes, chance) => {
    const depth = 1 + chance.below(150);
    return insert(bytes, place(bytes, chance), Buffer.concat([Buffer.alloc(depth, 0x7b), Buffer.alloc(depth, 0x7c)]));
  },
];

/** Something like the bytes: up to four things are done to them. */
export const mutate = (bytes: Buffer, chance: Chance, other: Buffer): Buffer => {
  let mutated = bytes;
  for (let count = 1 + chance.below(4); count > 0; count--) mutated = chance.oneOf(mutations)(mutated, chance, other);
  // Twice as much each time would be too much of it.
  return mutated.subarray(0, 20_000);
};
