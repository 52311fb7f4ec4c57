import type { Node } from 'tailnet-coordinator';
import { Node as Generated } from 'tailnet-coordinator/proto';
import { decodeNode, encodeNode } from '../../dist/proto/node.js';
import { bytesOf, holdBytes } from '../../dist/proto/nodeBytes.js';
import { bindingsOf } from './bindingsOf.js';
import { manyOperations, manyTimes } from './manyTimes.js';
import type { MicroBenchmark, MicroBenchmarks } from './microBenchmark.js';
import type { Specimens } from './specimens.js';

const operations = manyOperations;

const encoding = (encode: (node: Node) => Uint8Array): Omit<MicroBenchmark, 'operation'> => ({
  operations,
  prepare: ({ nodes }) => manyTimes(nodes(1), (node) => encode(node).length > 0),
});

const encoded = (specimens: Specimens): readonly Uint8Array[] => bindingsOf(specimens, 1).map(({ node }) => node);

const decoding = (decode: (bytes: Uint8Array) => Node): Omit<MicroBenchmark, 'operation'> => ({
  operations,
  prepare: (specimens) => manyTimes(encoded(specimens), (bytes) => decode(bytes).preferredDerp === 1),
});

/** The codec of nodes beside the generated one that it spares work, and nodes as they are held. */
export const coding: MicroBenchmarks = {
  'encode/encodeNode': { operation: 'a node encoded with `encodeNode`', ...encoding(encodeNode) },
  'encode/generated': {
    operation: 'a node encoded with the generated `Node.encode(node).finish()`',
    ...encoding((node) => Generated.encode(node).finish()),
  },
  'decode/decodeNode': { operation: 'a node decoded with `decodeNode`', ...decoding(decodeNode) },
  'decode/generated': {
    operation: 'a node decoded with the generated `Node.decode`',
    ...decoding((bytes) => Generated.decode(bytes)),
  },
  'hold/holdBytes': {
    operation: 'an encoded node made a string with `holdBytes`',
    operations,
    prepare: (specimens) => manyTimes(encoded(specimens), (bytes) => holdBytes(bytes).length === bytes.length),
  },
  'hold/bytesOf': {
    operation: 'a held node made bytes again with `bytesOf`',
    operations,
    prepare: (specimens) =>
      manyTimes(encoded(specimens).map(holdBytes), (held) => bytesOf(held).length === held.length),
  },
};
