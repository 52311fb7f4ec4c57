import type { Node } from 'tailnet-coordinator';
import { holdNode, sameNodeBytes } from '../../dist/proto/nodeBytes.js';
import { manyOperations, manyTimes } from './manyTimes.js';
import type { MicroBenchmark, MicroBenchmarks } from './microBenchmark.js';

const asOf = (seconds: bigint): Node['asOf'] => ({ seconds, nanos: 0, _unknownFields: {} });

/** Each specimen is compared with what `other` makes of it; all are held, as two strings, also if they are equal. */
const comparison = (isSame: boolean, other: (node: Node) => Node): Omit<MicroBenchmark, 'operation'> => ({
  operations: manyOperations,
  prepare: ({ nodes }) => {
    const pairs = nodes(1)
      .map((node) => ({ ...node, asOf: asOf(1_750_000_000n) }))
      .map((node) => [holdNode(node), holdNode(other(node))] as const);
    return manyTimes(pairs, ([a, b]) => sameNodeBytes(a, b) === isSame);
  },
});

const later = (node: Node): Node => ({ ...node, asOf: asOf(1_750_000_001n) });

const reversed = <T>(map: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(map).reverse());

export const comparing: MicroBenchmarks = {
  'sameNodeBytes/equal': {
    operation: 'two held nodes compared with `sameNodeBytes`: equal bytes',
    ...comparison(true, (node) => node),
  },
  'sameNodeBytes/update': {
    operation: 'the same for an update: composed later, and with another `preferredDerp`',
    ...comparison(false, (node) => later({ ...node, preferredDerp: 2 })),
  },
  'sameNodeBytes/later': {
    operation: 'the same for a node that was only composed later: decoded to be sure',
    ...comparison(true, later),
  },
  'sameNodeBytes/map-order': {
    operation: 'the same for equal nodes with a map written in another order: decoded',
    ...comparison(true, (node) => ({ ...node, derpLatency: reversed(node.derpLatency) })),
  },
};
