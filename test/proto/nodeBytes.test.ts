import { expect } from 'chai';
import fc from 'fast-check';
import { Node, encodeNode, sameEncodedNode, sameNode } from '../../src/proto/index.js';
import { bytesOf, holdBytes, holdNode, sameNodeBytes } from '../../src/proto/nodeBytes.js';
import { node, relatedNodes } from './arbitraries.js';

const hold = (...bytes: readonly number[]): string => holdBytes(Uint8Array.from(bytes));
const plain = Node.fromPartial({});

describe('held bytes', () => {
  it('come back as they were, whatever their values', () => {
    const all = Uint8Array.from({ length: 256 }, (_, value) => value);
    expect([...bytesOf(holdBytes(all))]).to.deep.equal([...all]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect([...bytesOf(holdBytes(bytes))]).to.deep.equal([...bytes]);
      }),
    );
  });

  it('are those of the part that was given, and stay when that is used for something else', () => {
    const buffer = Uint8Array.of(1, 2, 3, 4, 5);
    const held = holdBytes(buffer.subarray(1, 4));
    buffer.fill(0);
    expect([...bytesOf(held)]).to.deep.equal([2, 3, 4]);
  });

  it('are given out in a copy of their own each time', () => {
    const held = hold(1, 2, 3);
    bytesOf(held).fill(9);
    expect([...bytesOf(held)]).to.deep.equal([1, 2, 3]);
  });

  it('of a node are those of its encoding', () => {
    fc.assert(
      fc.property(node, (any) => {
        expect([...bytesOf(holdNode(any))]).to.deep.equal([...encodeNode(any)]);
      }),
    );
  });
});

describe('sameNodeBytes', () => {
  it('agrees with the comparison of the nodes', () => {
    fc.assert(
      fc.property(relatedNodes, ([a, b]) => {
        const expected = sameNode(a, b);
        expect(sameNodeBytes(holdNode(a), holdNode(b))).to.equal(expected);
        expect(sameNodeBytes(holdNode(b), holdNode(a))).to.equal(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('does not mind in which order the maps are', () => {
    const turned = <T>(map: Readonly<Record<string, T>>) => Object.fromEntries(Object.entries(map).toReversed());
    fc.assert(
      fc.property(node, (any) => {
        const other = { ...any, derpLatency: turned(any.derpLatency), asOf: { seconds: 9n, nanos: 9 } };
        expect(sameNodeBytes(holdNode(any), holdNode(other))).to.equal(true);
      }),
    );
    // JavaScript keeps the order of regions; others do not.
    const [three, four] = [[58, 5, 8, 3, 18, 1, 97] as const, [58, 5, 8, 4, 18, 1, 98] as const];
    expect(sameNodeBytes(hold(...three, ...four), hold(...four, ...three))).to.equal(true);
    expect(sameNodeBytes(hold(...three, ...four), hold(...four, 58, 5, 8, 3, 18, 1, 98))).to.equal(false);
  });

  it('does not tell one NaN from another, nor the signs of zeros', () => {
    const latency = (hex: string) => holdBytes(Buffer.from(`320c0a016111${hex}`, 'hex'));
    expect(sameNodeBytes(latency('000000000000f87f'), latency('010000000000f8ff'))).to.equal(true);
    expect(sameNodeBytes(latency('0000000000000000'), latency('0000000000000080'))).to.equal(true);
    expect(sameNodeBytes(latency('000000000000f87f'), latency('000000000000f03f'))).to.equal(false);
  });

  const pairs: Record<string, readonly [a: string, b: string, same: boolean]> = {
    'of a field that stands twice, the last one': [hold(8, 1, 8, 2), hold(8, 3, 8, 2), true],
    'of a field that stands twice, the last one, and no other': [hold(8, 1, 8, 2), hold(8, 1, 8, 3), false],
    'of a field that stands twice in one only, the last one': [hold(40, 7, 8, 1, 40, 2), hold(40, 2, 8, 1), true],
    'a field that is not there and one that is said to be zero': [hold(8, 0, 40, 1), hold(40, 1), true],
    'fields in another order': [hold(8, 1, 40, 2), hold(40, 2, 8, 1), true],
    'lists in another order': [hold(66, 1, 97, 66, 1, 98), hold(66, 1, 98, 66, 1, 97), false],
    'lists, one of them longer': [hold(66, 1, 97), hold(66, 1, 97, 66, 1, 98), false],
    'times, wherever they stand': [hold(18, 2, 8, 1, 8, 1, 40, 2), hold(8, 1, 40, 2, 18, 2, 8, 9, 18, 0), true],
    'entries of a map, whichever part of them comes first': [
      hold(58, 5, 8, 3, 18, 1, 97),
      hold(58, 5, 18, 1, 97, 8, 3),
      true,
    ],
    'a field that stands again behind one with a large number': [
      hold(8, 1, 176, 1, 5, 8, 2),
      hold(8, 3, 176, 1, 5, 8, 2),
      true,
    ],
    // Who took its first byte for all of the tag would read other fields from there on.
    'fields behind one with a large number': [
      hold(178, 1, 1, 40, 8, 10, 8, 1, 8, 1, 8, 1, 8, 1, 8, 8, 34, 2, 1, 65),
      hold(178, 1, 1, 40, 8, 10, 8, 1, 8, 2, 8, 1, 8, 1, 8, 8, 34, 2, 1, 65),
      true,
    ],
    'a field behind a text of many letters': [
      hold(34, 200, 1, ...new Uint8Array(200).fill(97), 8, 1),
      hold(34, 200, 1, ...new Uint8Array(200).fill(97), 8, 2),
      false,
    ],
  };
  for (const [what, [a, b, same]] of Object.entries(pairs)) {
    it(`compares ${what}: ${same ? 'the same' : 'different'}`, () => {
      expect(sameEncodedNode(bytesOf(a), bytesOf(b)), 'decoded').to.equal(same);
      expect([sameNodeBytes(a, b), sameNodeBytes(b, a)]).to.deep.equal([same, same]);
    });
  }

  it('takes bytes that hold no node for the same only as equal bytes', () => {
    const broken: readonly string[] = [
      ...[hold(255, 255), hold(255, 254), hold(8), hold(66, 5, 97), hold(66, 255, 255, 255, 255, 15)],
      ...[hold(66, ...new Uint8Array(9).fill(255), 1), hold(8, ...new Uint8Array(20).fill(255), 1), hold(18, 9, 1)],
      ...[hold(18, 255, 255, 255, 255, 15, 1), hold(0, 1), holdNode({ ...plain, id: 5n }) + hold(66)],
    ];
    for (const a of broken) {
      for (const b of [...broken, '', holdNode(plain), holdNode({ ...plain, id: 5n })]) {
        expect(sameNodeBytes(a, b)).to.equal(a === b);
        expect(sameNodeBytes(b, a)).to.equal(a === b);
      }
    }
  });

  describe('whatever somebody writes', () => {
    const varint = fc.oneof(fc.nat(300), fc.constant(2 ** 31 - 1)).map((value): readonly number[] => {
      const bytes: number[] = [];
      let rest = value;
      for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
      return [...bytes, rest];
    });
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 }).map((text) => [...Buffer.from(text)]);
    const withLength = (bytes: readonly number[]): readonly number[] => [bytes.length, ...bytes];
    const lengthened = letters.map(withLength);
    const tagged = (tag: readonly number[], value: fc.Arbitrary<readonly number[]>) =>
      value.map((bytes): readonly number[] => [...tag, ...bytes]);
    /** Fields as encoders write them, but any number of them, in any order. */
    const field = fc.oneof(
      ...[8, 40].map((tag) => tagged([tag], varint)),
      ...[26, 34, 66, 74, 82].map((tag) => tagged([tag], lengthened)),
      tagged([18], tagged([8], varint).map(withLength)),
      tagged(
        [50],
        letters.map((name) => withLength([10, ...withLength(name), 17, ...new Uint8Array(7), name.length])),
      ),
      tagged(
        [58],
        fc.tuple(varint, letters).map(([region, why]) => withLength([8, ...region, 18, ...withLength(why)])),
      ),
      // Fields of newer versions, and known numbers with other types.
      tagged([90], lengthened),
      tagged([176, 1], varint),
      tagged([10], lengthened),
      tagged([64], varint),
      tagged([9], fc.constant([1, 2, 3, 4, 5, 6, 7, 8])),
      tagged([13], fc.constant([1, 2, 3, 4])),
    );
    const edit = fc.record({
      what: fc.constantFrom('drop', 'double', 'replace', 'swap', 'append'),
      where: fc.nat(7),
      field,
    });
    const written = fc.record({
      fields: fc.array(field, { maxLength: 8, size: 'max' }),
      edits: fc.array(edit, { maxLength: 2, size: 'max' }),
      cut: fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(4) }),
    });

    const apply = (
      fields: readonly (readonly number[])[],
      { what, where, field }: { what: string; where: number; field: readonly number[] },
    ) => {
      const place = where % Math.max(1, fields.length);
      const at = fields[place] ?? [];
      if (what === 'drop') return fields.toSpliced(place, 1);
      if (what === 'double') return [...fields, at];
      if (what === 'replace') return fields.toSpliced(place, 1, field);
      if (what === 'swap') return fields.toSpliced(place, 2, fields[place + 1] ?? [], at);
      return [...fields, field];
    };

    it('agrees with the comparison of what is decoded', () => {
      let same = 0;
      fc.assert(
        fc.property(written, ({ fields, edits, cut }) => {
          const edited = edits.reduce<readonly (readonly number[])[]>(apply, fields);
          const [a, b] = [Uint8Array.from(fields.flat()), Uint8Array.from(edited.flat())];
          const shorter = b.subarray(0, b.length - cut);
          const expected = sameEncodedNode(a, shorter);
          if (expected) same++;
          expect(sameNodeBytes(holdBytes(a), holdBytes(shorter))).to.equal(expected);
          expect(sameNodeBytes(holdBytes(shorter), holdBytes(a))).to.equal(expected);
        }),
        { numRuns: 3000 },
      );
      expect(same, 'how often they were the same').to.be.within(300, 2700);
    });

    it('never takes for the same what is decoded as something else, be it no node at all', () => {
      const bytes = fc.uint8Array({ maxLength: 12, max: 90 });
      fc.assert(
        fc.property(bytes, bytes, fc.nat(12), (start, end, cut) => {
          const a = Uint8Array.from([...start, ...end]);
          const b = Uint8Array.from([...start, ...end.subarray(cut)]);
          if (sameNodeBytes(holdBytes(a), holdBytes(b))) expect(sameEncodedNode(a, b)).to.equal(true);
        }),
        { numRuns: 2000 },
      );
    });
  });
});
