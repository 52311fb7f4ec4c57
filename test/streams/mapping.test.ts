import { expect } from 'chai';
import fc from 'fast-check';
import { type DecodedBinding, type Mapping, bestMapping } from '../../src/streams/mapping.js';
import { aNode, north, south, west } from '../../src/testing/index.js';
import { heldNode } from './support/heldNode.js';

/** North and south are live, west is not. */
const isLive = (coordinatorId: string): boolean => coordinatorId !== west;

type Row = readonly [coordinatorId: string, status: 'ok' | 'lost', updatedAt: number];

/** Tells nodes apart by the relay region: the position of the row. */
const bindingsOf = (...rows: readonly Row[]): readonly DecodedBinding[] =>
  rows.map(([coordinatorId, status, updatedAt], index) => ({
    ...{ coordinatorId, status, updatedAt },
    node: heldNode(aNode({ derp: index + 1 })),
  }));

const describeMapping = (mapping: Mapping | undefined): string =>
  mapping === undefined
    ? 'none'
    : `${mapping.kind} of row ${String(mapping.node.decoded.preferredDerp)} at ${String(mapping.updatedAt)}`;

describe('bestMapping', () => {
  const cases: readonly (readonly [what: string, rows: readonly Row[], expected: string])[] = [
    ['nothing, of nothing', [], 'none'],
    ['the only one', [[north, 'ok', 5]], 'node of row 1 at 5'],
    ['the only one, lost', [[north, 'lost', 5]], 'lost of row 1 at 5'],
    ['the only one, lost because its coordinator is not live', [[west, 'ok', 5]], 'lost of row 1 at 5'],
    [
      'one that is there over a newer one that is lost',
      [
        [north, 'lost', 9],
        [south, 'ok', 5],
      ],
      'node of row 2 at 5',
    ],
    [
      'one that is there over a newer one that is lost, in the other order',
      [
        [south, 'ok', 5],
        [north, 'lost', 9],
      ],
      'node of row 1 at 5',
    ],
    [
      'one that is there over a newer one whose coordinator is not live',
      [
        [west, 'ok', 9],
        [north, 'ok', 5],
      ],
      'node of row 2 at 5',
    ],
    [
      'the newer of two that are there',
      [
        [north, 'ok', 5],
        [south, 'ok', 6],
      ],
      'node of row 2 at 6',
    ],
    [
      'the newer of two that are there, in the other order',
      [
        [south, 'ok', 6],
        [north, 'ok', 5],
      ],
      'node of row 1 at 6',
    ],
    [
      'the newer of two that are lost, for whichever reason',
      [
        [north, 'lost', 5],
        [west, 'ok', 6],
      ],
      'lost of row 2 at 6',
    ],
    [
      'that of the smaller coordinator id, of two written at the same time',
      [
        [south, 'ok', 5],
        [north, 'ok', 5],
      ],
      'node of row 2 at 5',
    ],
    [
      'that of the smaller coordinator id, of two written at the same time, in the other order',
      [
        [north, 'ok', 5],
        [south, 'ok', 5],
      ],
      'node of row 1 at 5',
    ],
    [
      'that of the smaller coordinator id, of two lost at the same time',
      [
        [west, 'lost', 5],
        [south, 'lost', 5],
      ],
      'lost of row 2 at 5',
    ],
  ];
  for (const [what, rows, expected] of cases) {
    it(`chooses ${what}`, () => {
      expect(describeMapping(bestMapping(bindingsOf(...rows), isLive))).to.equal(expected);
    });
  }

  it('hands out the very node that the binding has, not a copy', () => {
    const bindings = bindingsOf([north, 'ok', 1]);
    expect(bestMapping(bindings, isLive)?.node).to.equal(bindings[0]?.node);
  });

  it('chooses the first of an order that everybody shares, in whatever order rows come', () => {
    const row = fc.record({
      coordinatorId: fc.constantFrom('c1', 'c2', 'c3', 'c4', 'c5'),
      status: fc.constantFrom('ok' as const, 'lost' as const),
      updatedAt: fc.nat(3),
    });
    const rows = fc.uniqueArray(row, { selector: ({ coordinatorId }) => coordinatorId, maxLength: 5 });
    const shuffled = rows.chain((all) =>
      fc.shuffledSubarray(all, { minLength: all.length }).map((other) => [all, other] as const),
    );

    fc.assert(
      fc.property(shuffled, fc.subarray(['c1', 'c2', 'c3']), ([rows, shuffled], live) => {
        const isThere = ({ status, coordinatorId }: (typeof rows)[number]): boolean =>
          status === 'ok' && live.includes(coordinatorId);
        const [first] = rows.toSorted(
          (a, b) =>
            Number(isThere(b)) - Number(isThere(a)) ||
            b.updatedAt - a.updatedAt ||
            (a.coordinatorId < b.coordinatorId ? -1 : 1),
        );
        const expected = first && `${first.coordinatorId} ${isThere(first) ? 'node' : 'lost'}`;
        const best = bestMapping(
          shuffled.map((row) => ({ ...row, node: heldNode(aNode({ disco: row.coordinatorId })) })),
          (id) => live.includes(id),
        );
        expect(best && `${best.node.decoded.disco} ${best.kind}`).to.equal(expected);
      }),
    );
  });
});
