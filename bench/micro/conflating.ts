import { BehaviorSubject, Subject } from 'rxjs';
import { type Changes, ConflatedChanges, peersChanged } from '../../dist/streams/changes.js';
import { conflate } from '../../dist/streams/operators/conflate.js';
import { manyOperations, manyTimes } from './manyTimes.js';
import type { MicroBenchmarks, Round } from './microBenchmark.js';
import { specimenCount } from './specimens.js';

interface Receiver {
  readonly changes: readonly Changes[];
  readonly changes$: Subject<Changes>;
  readonly ready$: BehaviorSubject<boolean>;
  /** The peers that were handed over since it was last asked. */
  readonly received: () => number;
}

/** A receiver of changes behind `conflate`, and a change of each of these peers. */
const receiver = (ids: readonly string[]): Receiver => {
  const changes$ = new Subject<Changes>();
  const ready$ = new BehaviorSubject(true);
  let handedOver = 0;
  changes$.pipe(conflate(ready$, () => new ConflatedChanges(1024))).subscribe(({ peers }) => {
    handedOver += peers.length;
  });
  const received = () => {
    const peers = handedOver;
    handedOver = 0;
    return peers;
  };
  return { changes: ids.map((id) => peersChanged([id])), changes$, ready$, received };
};

/** All of the changes come while the receiver is not ready, many times, and are handed over at the end. */
const waiting = ({ changes, changes$, ready$, received }: Receiver): Round => {
  const timesOfEach = manyOperations / specimenCount;
  return () => {
    ready$.next(false);
    for (let time = 0; time < timesOfEach; time++) for (const change of changes) changes$.next(change);
    if (received() > 0) return 0;
    ready$.next(true);
    return received() * timesOfEach;
  };
};

export const conflating: MicroBenchmarks = {
  'conflate/ready': {
    operation: 'a change through `conflate` to a receiver that is ready',
    operations: manyOperations,
    prepare: ({ ids }) => {
      const { changes, changes$, received } = receiver(ids);
      return manyTimes(changes, (change) => {
        changes$.next(change);
        return received() === 1;
      });
    },
  },
  'conflate/waiting': {
    operation: 'a change that waits in `conflate`, merged with nine of the same peer, for a receiver that is not',
    operations: manyOperations,
    prepare: ({ ids }) => waiting(receiver(ids)),
  },
};
