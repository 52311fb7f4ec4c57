import { expect } from 'chai';
import { filter, map } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { channels } from '../../src/db/bus.js';
import { createHandshaker } from '../../src/streams/handshaker.js';
import { type Call, alice, bob, carol, marbles, nameOf } from '../../src/testing/index.js';
import { logbook } from './support/logbook.js';
import { northsDatabase } from './support/northsDatabase.js';
import { onTime } from './support/onTime.js';

const setUp = (scheduler: TestScheduler, maxBatchSize = 500) => {
  const database = northsDatabase(scheduler);
  const book = logbook();
  const handshaker = createHandshaker({
    ...{ bus: database.bus, turnScheduler: scheduler, maxBatchSize },
    logger: book.logger,
  });
  const published$ = database.faults.calls$.pipe(
    filter((call): call is Extract<Call, { method: 'publish' }> => call.method === 'publish'),
    map(({ args: [channel, payloads] }) => {
      expect(channel).to.equal(channels.readyForHandshake);
      return payloads.map((payload) => payload.split(',').map(nameOf).join('<')).join(' ');
    }),
  );
  return { handshaker, database, book, published$, at: onTime(scheduler) };
};

describe('handshaker', () => {
  it(
    'publishes, receiver first, what comes in one turn together, and the rest when that is done',
    marbles(({ scheduler, expectObservable }) => {
      const { handshaker, published$, at } = setUp(scheduler);
      at(1, () => {
        handshaker.accept(alice, bob);
        handshaker.accept(carol, bob);
      });
      at(2, () => handshaker.accept(bob, alice));
      at(3, () => handshaker.accept(bob, carol));
      expectObservable(handshaker.published$).toBe('-');
      expectObservable(published$).toBe('-a 9ms b', { a: 'alice<bob carol<bob', b: 'bob<alice bob<carol' });
    }),
  );

  it(
    'queues nothing twice: equal ones share the one that is on its way, and the one after it',
    marbles(({ scheduler, expectObservable }) => {
      const { handshaker, published$, at } = setUp(scheduler);
      at(1, () => handshaker.accept(alice, bob));
      at(3, () => {
        for (let count = 0; count < 1000; count++) handshaker.accept(alice, bob);
      });
      expectObservable(handshaker.published$).toBe('-');
      expectObservable(published$).toBe('-a 9ms a', { a: 'alice<bob' });
    }),
  );

  it(
    'publishes no more at a time than it may',
    marbles(({ scheduler, expectObservable }) => {
      const { handshaker, published$, at } = setUp(scheduler, 2);
      at(1, () => [alice, bob, carol].forEach((to) => handshaker.accept(to, bob)));
      expectObservable(handshaker.published$).toBe('-');
      expectObservable(published$).toBe('-a 9ms b', { a: 'alice<bob bob<bob', b: 'carol<bob' });
    }),
  );

  it(
    'forgets what could not be published, says so, and goes on',
    marbles(({ scheduler, expectObservable }) => {
      const { handshaker, database, book, published$, at } = setUp(scheduler);
      database.faults.failNext('publish');
      at(1, () => handshaker.accept(alice, bob));
      at(30, () => handshaker.accept(carol, bob));
      expectObservable(handshaker.published$).toBe('-');
      expectObservable(published$).toBe('-a 28ms b', { a: 'alice<bob', b: 'carol<bob' });
      at(60, () => {
        expect(book.lines).to.deep.equal(['warn acknowledgements not published']);
        expect(book.entries[0]).to.include({ count: 1 });
      });
    }),
  );

  it(
    'completes when it was ended and all is published',
    marbles(({ scheduler, expectObservable }) => {
      const { handshaker, published$, at } = setUp(scheduler);
      at(1, () => handshaker.accept(alice, bob));
      at(2, () => handshaker.accept(carol, bob));
      at(3, () => handshaker.end());
      at(4, () => handshaker.accept(bob, carol));
      expectObservable(handshaker.published$).toBe('21ms |');
      expectObservable(published$).toBe('-a 9ms b', { a: 'alice<bob', b: 'carol<bob' });
    }),
  );
});
