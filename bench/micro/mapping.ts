import { peersChanged } from '../../dist/streams/changes.js';
import { createComposeUpdate } from '../../dist/streams/composeUpdate.js';
import { Mapper } from '../../dist/streams/mapper.js';
import type { MicroBenchmark, MicroBenchmarks } from './microBenchmark.js';
import { newsOfOnePeer } from './newsOfOnePeer.js';

/** So many changes of one peer, each told to so many mappers, one after the other. */
const telling = (changes: number, mapperCount: number): Omit<MicroBenchmark, 'operation'> => ({
  operations: changes * mapperCount,
  prepare: (specimens) => {
    const [peerId = ''] = specimens.ids;
    const nextNews = newsOfOnePeer(specimens);
    let now = nextNews();
    const options = {
      sight: () => now,
      maxUpdatesPerResponse: 1024,
      maxResponseSize: 2 ** 21,
      composeUpdate: createComposeUpdate(),
    };
    const mappers = Array.from({ length: mapperCount }, () => new Mapper(options));
    return () => {
      let told = 0;
      for (let change = 0; change < changes; change++) {
        now = nextNews();
        const changed = peersChanged([peerId]);
        for (const mapper of mappers) {
          mapper.add(changed);
          if (mapper.take() !== undefined) told++;
        }
      }
      return told;
    };
  },
});

export const mapping: MicroBenchmarks = {
  'mapper/1': {
    operation: 'a change of one watched peer, compared, composed and told by a `Mapper`',
    ...telling(1000, 1),
  },
  'mapper/1000': {
    operation: 'the same change told by one of 1,000 mappers, for which it is composed once',
    ...telling(10, 1000),
  },
};
