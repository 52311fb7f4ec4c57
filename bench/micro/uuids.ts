import { uuidFromBytes, uuidToBytes } from '../../dist/proto/uuid.js';
import { manyOperations, manyTimes } from './manyTimes.js';
import type { MicroBenchmarks } from './microBenchmark.js';

export const uuids: MicroBenchmarks = {
  'uuid/fromBytes': {
    operation: 'an id made text with `uuidFromBytes`',
    operations: manyOperations,
    prepare: ({ ids }) => manyTimes(ids.map(uuidToBytes), (bytes) => uuidFromBytes(bytes).length === 36),
  },
  'uuid/toBytes': {
    operation: 'an id made bytes with `uuidToBytes`, which looks whether it is one',
    operations: manyOperations,
    prepare: ({ ids }) => manyTimes(ids, (id) => uuidToBytes(id).length === 16),
  },
};
