import { type OperatorFunction, Observable, Subject, asapScheduler } from 'rxjs';
import { coalesceByKey } from '../../dist/streams/operators/coalesceByKey.js';
import { coalesceInBatches } from '../../dist/streams/operators/coalesceInBatches.js';
import type { MicroBenchmarks, Round } from './microBenchmark.js';

const operations = 10_000;

/** As the answer of a database does, it comes when the call is over; but at once then. Emits how many keys it is for. */
const answer$ = (keys: number): Observable<number> =>
  new Observable((subscriber) => {
    queueMicrotask(() => {
      subscriber.next(keys);
      subscriber.complete();
    });
  });

const inBatches = (): OperatorFunction<string, number> =>
  coalesceInBatches((keys) => answer$(keys.length), {
    ...{ maxSize: 500, maxInFlight: 2, scheduler: asapScheduler },
    onGivenUp: (_key, error) => {
      throw error;
    },
  });

const byKey = (): OperatorFunction<string, number> => coalesceByKey(() => answer$(1));

/** Sends so many keys at once, and the next ones when all of them are through. */
const sending =
  (operator: OperatorFunction<string, number>, ids: readonly string[], atOnce: number): Round =>
  () =>
    new Promise((resolve, reject) => {
      const keys$ = new Subject<string>();
      let sent = 0;
      let through = 0;
      const send = () => {
        for (let key = 0; key < atOnce; key++) keys$.next(ids[sent++ % ids.length] ?? '');
      };
      keys$.pipe(operator).subscribe({
        next: (keys) => {
          through += keys;
          if (through < sent) return;
          if (sent < operations) queueMicrotask(send);
          else keys$.complete();
        },
        error: reject,
        complete: () => {
          resolve(through);
        },
      });
      send();
    });

export const coalescing: MicroBenchmarks = {
  'coalesce/inBatches-1': {
    operation: 'a key through `coalesceInBatches`, alone in its turn and its batch',
    ...{ operations, prepare: ({ ids }) => sending(inBatches(), ids, 1) },
  },
  'coalesce/inBatches-100': {
    operation: 'a key through `coalesceInBatches`, one of 100 in a turn and a batch',
    ...{ operations, prepare: ({ ids }) => sending(inBatches(), ids, 100) },
  },
  'coalesce/byKey-1': {
    operation: 'a key through `coalesceByKey`, alone',
    ...{ operations, prepare: ({ ids }) => sending(byKey(), ids, 1) },
  },
  'coalesce/byKey-100': {
    operation: 'a key through `coalesceByKey`, one of 100 in flight',
    ...{ operations, prepare: ({ ids }) => sending(byKey(), ids, 100) },
  },
};
