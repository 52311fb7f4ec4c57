import type { QueryResultRow } from 'pg';
import { of } from 'rxjs';
import type { Binding } from 'tailnet-coordinator';
import { readBindings } from '../../dist/db/postgres/queries/readBindings.js';
import type { Run } from '../../dist/db/postgres/runStatement.js';
import { uuidToBytes } from '../../dist/proto/uuid.js';
import { bindingsOf } from './bindingsOf.js';
import { manyOperations } from './manyTimes.js';
import type { MicroBenchmark, MicroBenchmarks } from './microBenchmark.js';
import { specimenCount } from './specimens.js';

/** As the statement packs a row: see `readBindings`. */
const pack = ({ peerId, coordinatorId, updatedAt, node, status }: Binding): Buffer => {
  const numbers = Buffer.alloc(13);
  numbers.writeBigInt64BE(BigInt(updatedAt), 0);
  numbers.writeUInt8(status === 'ok' ? 1 : 0, 8);
  numbers.writeInt32BE(node.length, 9);
  return Buffer.concat([uuidToBytes(peerId), uuidToBytes(coordinatorId), numbers, node]);
};

/** Answers at once, with the same value in one row. */
const answering = (packed: Buffer): Run => {
  const rows: readonly QueryResultRow[] = [{ packed }];
  return (_statement, _values, read) => of(read(rows as Parameters<typeof read>[0]));
};

/** All specimens read, in answers of so many rows. */
const reading = (rowsInOne: number): Omit<MicroBenchmark, 'operation'> => ({
  operations: manyOperations,
  prepare: (specimens) => {
    const bindings = bindingsOf(specimens, 1);
    const answers = Array.from({ length: specimenCount / rowsInOne }, (_, index) => {
      const some = bindings.slice(index * rowsInOne, (index + 1) * rowsInOne);
      return { ids: some.map(({ peerId }) => peerId), run: answering(Buffer.concat(some.map(pack))) };
    });
    let unpacked = 0;
    const count = (rows: readonly Binding[]): void => {
      for (const { peerId, status } of rows) if (peerId.length === 36 && status === 'ok') unpacked++;
    };
    return () => {
      unpacked = 0;
      for (let read = 0; read < manyOperations; read += specimenCount) {
        for (const { ids, run } of answers) readBindings(run, ids).subscribe(count);
      }
      return unpacked;
    };
  },
});

export const unpacking: MicroBenchmarks = {
  'readBindings/1': {
    operation: 'a row that `readBindings` asked for alone, unpacked',
    ...reading(1),
  },
  'readBindings/100': {
    operation: 'a row that `readBindings` asked for with 99 others, unpacked',
    ...reading(100),
  },
};
