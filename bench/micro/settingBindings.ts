import { randomUUID } from 'node:crypto';
import { pino } from 'pino';
import { bindingDecoder } from '../../dist/streams/bindingDecoder.js';
import { View } from '../../dist/streams/view.js';
import { bindingsOf } from './bindingsOf.js';
import { manyOperations, manyTimes } from './manyTimes.js';
import type { MicroBenchmark, MicroBenchmarks } from './microBenchmark.js';

/**
 * One binding of a peer is read again and again, all the peers being watched by one.
 *
 * @param versions what is read, in turns
 * @param isNews whether it must be news
 */
const reading = (versions: readonly number[], isNews: boolean): Omit<MicroBenchmark, 'operation'> => ({
  operations: manyOperations,
  prepare: (specimens) => {
    const view = new View(randomUUID(), bindingDecoder(pino({ level: 'silent' })));
    const watcher = randomUUID();
    view.join(watcher);
    view.setNeighbours(watcher, new Set(specimens.ids));
    const readings = versions.map((version) => bindingsOf(specimens, version).map((binding) => [binding]));
    for (const rows of readings.flat()) view.setBindings(rows[0]?.peerId ?? '', rows);
    let read = 0;
    return manyTimes(specimens.ids, (peerId, index) => {
      const turn = Math.floor(read++ / specimens.ids.length);
      return view.setBindings(peerId, readings[turn % versions.length]?.[index] ?? []) === isNews;
    });
  },
});

export const settingBindings: MicroBenchmarks = {
  'setBindings/changed': {
    operation: 'a binding with a new node set with `View.setBindings`: held and decoded',
    ...reading([1, 2], true),
  },
  'setBindings/same': {
    operation: 'a binding that is as it was set with `View.setBindings`: held and compared',
    ...reading([1], false),
  },
};
