import { expect } from 'chai';
import { type Observable, asyncScheduler, map, merge, skip } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { StoreError, type Uuid } from '../../src/db/store.js';
import { bytesOf, holdNode } from '../../src/proto/nodeBytes.js';
import { type Binder, createBinder, nextBinding } from '../../src/streams/binder.js';
import { type NodeOptions, aNode, alice, bob, carol, eve, marbles, nameOf, north } from '../../src/testing/index.js';
import { statementsOf } from './support/describeCall.js';
import { logbook } from './support/logbook.js';
import { northsDatabase } from './support/northsDatabase.js';
import { onTime } from './support/onTime.js';
import { storeCallsOn } from './support/storeCallsOn.js';

const held = (of: Uuid, derp: number, more: NodeOptions = {}) => holdNode(aNode({ of, derp, ...more }));
const node = (peerId: Uuid, derp: number, more?: NodeOptions) =>
  ({ kind: 'node', peerId, node: held(peerId, derp, more) }) as const;
const lost = (peerId: Uuid) => ({ kind: 'lost', peerId }) as const;
const disconnected = (peerId: Uuid) => ({ kind: 'disconnected', peerId }) as const;

/** What each statement wrote. */
const inWords = (binder: Binder): Observable<string> =>
  binder.written$.pipe(
    map(({ bindings }) => bindings.map(({ peerId, kind }) => `${nameOf(peerId)} ${kind}`).join(', ')),
  );

const setUp = (scheduler: TestScheduler, options: Parameters<typeof storeCallsOn>[2] = {}) => {
  const database = northsDatabase(scheduler);
  const book = logbook();
  /** Peers whose tunnels are still being written. */
  const opening = new Set<Uuid>();
  const isOpening = (peerId: Uuid) => opening.has(peerId);
  const binder = createBinder(storeCallsOn(database.store, scheduler, options), book.logger, isOpening);
  const statuses = (peerId?: Uuid) => database.rows.peers(peerId).map((row) => `${nameOf(row.peerId)} ${row.status}`);
  return { binder, database, book, opening, statuses, at: onTime(scheduler), statements$: statementsOf(database) };
};

describe('nextBinding', () => {
  const before = node(alice, 1);
  const wasLost = { ...before, kind: 'lost' } as const;

  it('takes a node that is new, different, or that of a peer that was lost', () => {
    expect(nextBinding(undefined, before)).to.equal(before);
    expect(nextBinding(before, node(alice, 2))).to.deep.equal(node(alice, 2));
    expect(nextBinding(wasLost, before)).to.equal(before);
    expect(nextBinding(disconnected(alice), before)).to.equal(before);
  });

  it('passes over a node that differs only in when it was composed', () => {
    expect(nextBinding(before, node(alice, 1, { asOf: { seconds: 5n, nanos: 0 } }))).to.equal(undefined);
  });

  it('keeps the node of a peer that is lost, and has nothing to lose without one', () => {
    expect(nextBinding(before, lost(alice))).to.deep.equal({ kind: 'lost', peerId: alice, node: before.node });
    expect(nextBinding(undefined, lost(alice))).to.equal(undefined);
    expect(nextBinding(wasLost, lost(alice))).to.equal(undefined);
    expect(nextBinding(disconnected(alice), lost(alice))).to.equal(undefined);
  });

  it('takes every goodbye', () => {
    for (const current of [undefined, before, wasLost, disconnected(alice)]) {
      expect(nextBinding(current, disconnected(alice))).to.deep.equal(disconnected(alice));
    }
  });
});

describe('binder', () => {
  it(
    'writes in one statement what comes in one turn, and says what it wrote',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, at, statements$ } = setUp(scheduler);
      at(2, () => {
        binder.accept(node(alice, 1));
        binder.accept(node(bob, 2));
      });
      expectObservable(statements$).toBe('--a', { a: 'write alice 1, bob 2' });
      expectObservable(inWords(binder)).toBe('12ms a', { a: 'alice node, bob node' });
    }),
  );

  it(
    'writes only the newest of what comes while a write is in flight',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, at, statements$ } = setUp(scheduler);
      [1, 2, 3, 4].forEach((derp) => at(derp, () => binder.accept(node(alice, derp))));
      expectObservable(statements$).toBe(' -a 9ms  b', { a: 'write alice 1', b: 'write alice 4' });
      expectObservable(inWords(binder)).toBe('11ms a 9ms  a', { a: 'alice node' });
    }),
  );

  it(
    'writes nothing again that a statement has taken along which had to wait',
    marbles(({ scheduler, hot, expectObservable }) => {
      const tuning = { maxBatchSize: 500, maxBatchesInFlight: 1, batchSpacing: 0 };
      const { binder, at, statements$ } = setUp(scheduler, { begun$: hot('50ms |'), tuning });
      at(1, () => binder.accept(node(alice, 1)));
      at(20, () => binder.accept(node(alice, 2)));
      // Alice's and bob's turn is the same; only he has something new.
      at(55, () => binder.accept(node(bob, 1)));
      at(80, () => binder.accept(node(alice, 3)));
      at(82, () => binder.accept(node(alice, 3)));
      expectObservable(statements$).toBe('50ms a 9ms b 19ms c', {
        ...{ a: 'write alice 2', b: 'write bob 1', c: 'write alice 3' },
      });
      expectObservable(inWords(binder)).toBe('60ms a 9ms b 19ms a', { a: 'alice node', b: 'bob node' });
    }),
  );

  it(
    'lets those who come and go in quick succession wait for each other, but no new node of a peer that had one',
    marbles(({ scheduler, expectObservable }) => {
      const tuning = { maxBatchSize: 500, maxBatchesInFlight: 2, batchSpacing: 1000 };
      const { binder, at, statements$ } = setUp(scheduler, { tuning });
      at(1, () => binder.accept(node(bob, 1)));
      for (let count = 0; count < 10; count++) {
        at(1 + 20 * count, () => binder.accept(count % 2 === 0 ? node(alice, 1) : lost(alice)));
      }
      at(300, () => binder.accept(node(carol, 1)));
      at(500, () => binder.accept(node(bob, 2)));
      // That one is not written yet.
      at(505, () => binder.accept(node(bob, 3)));
      at(600, () => binder.accept(node(eve, 1)));
      // Of whom none was written yet, nobody waits for a second one; nor for one that goes, or has come back.
      at(700, () => binder.accept(node(eve, 2)));
      at(800, () => binder.accept(lost(bob)));
      at(900, () => binder.accept(node(bob, 4)));
      expectObservable(statements$.pipe(skip(10))).toBe('500ms x 9ms z 490ms y', {
        ...{ x: 'write carol 1, bob 2', z: 'write bob 3', y: 'write eve 2, bob 4' },
      });
      expectObservable(inWords(binder).pipe(skip(10))).toBe('510ms x 9ms z 490ms y', {
        ...{ x: 'carol node, bob node', z: 'bob node', y: 'eve node, bob node' },
      });
    }),
  );

  it(
    'makes no statement when another one has taken everything along',
    marbles(({ scheduler, hot, expectObservable }) => {
      const { binder, at, statements$ } = setUp(scheduler, { begun$: hot('50ms |') });
      at(1, () => binder.accept(node(alice, 1)));
      at(20, () => binder.accept(node(alice, 2)));
      expectObservable(statements$).toBe('50ms a', { a: 'write alice 2' });
      expectObservable(inWords(binder)).toBe('60ms a', { a: 'alice node' });
    }),
  );

  it(
    'writes nodes that are too large for one statement in several, one after the other',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, at, statements$ } = setUp(scheduler);
      const large = { endpoints: ['x'.repeat(3 << 20)] };
      at(1, () => {
        for (const peerId of [alice, bob, carol]) binder.accept(node(peerId, 1, large));
      });
      expectObservable(statements$).toBe('-a 9ms b', { a: 'write alice 1, bob 1', b: 'write carol 1' });
      expectObservable(inWords(binder)).toBe('11ms a 9ms c', { a: 'alice node, bob node', c: 'carol node' });
    }),
  );

  it(
    'asks nothing of the database where nothing changed',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, at, statements$ } = setUp(scheduler);
      at(1, () => binder.accept(lost(alice)));
      at(2, () => binder.accept(node(bob, 1)));
      at(50, () => binder.accept(node(bob, 1, { asOf: { seconds: 9n, nanos: 0 } })));
      at(60, () => binder.accept(lost(bob)));
      at(90, () => binder.accept(lost(bob)));
      expectObservable(statements$).toBe('--a 57ms b', { a: 'write bob 1', b: 'write bob lost' });
      expectObservable(inWords(binder)).toBe('12ms a 57ms b', { a: 'bob node', b: 'bob lost' });
    }),
  );

  it(
    'knows what stands written and since when, and keeps nothing of who went',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at } = setUp(scheduler);
      expectObservable(inWords(binder)).toBe('11ms a 39ms b', {
        a: 'alice node, bob node',
        b: 'alice lost, bob disconnected',
      });
      at(1, () => {
        binder.accept(node(alice, 1));
        binder.accept(node(bob, 1));
      });
      at(5, () => {
        expect(binder.writtenAt(alice)).to.equal(undefined);
        expect([...binder.written()]).to.deep.equal([]);
      });
      at(20, () => {
        const [row] = database.rows.peers(alice);
        expect(row?.updatedAt).to.be.a('number');
        expect(binder.writtenAt(alice)).to.equal(row?.updatedAt);
        expect([...binder.written()].map(([peerId]) => nameOf(peerId))).to.deep.equal(['alice', 'bob']);
      });
      at(41, () => {
        binder.accept(lost(alice));
        binder.accept(disconnected(bob));
        expect([binder.knows(alice), binder.knows(bob)]).to.deep.equal([true, true]);
      });
      at(70, () => {
        expect([binder.knows(alice), binder.knows(bob)]).to.deep.equal([false, false]);
        expect([...binder.written()]).to.deep.equal([]);
        expect(database.rows.peers().map(({ peerId, status }) => `${nameOf(peerId)} ${status}`)).to.deep.equal([
          'alice lost',
        ]);
      });
    }),
  );

  it(
    'writes again what is asserted again, and nothing for a peer it does not know',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, at, statements$ } = setUp(scheduler);
      at(1, () => binder.accept(node(alice, 1)));
      at(20, () => {
        binder.reassert(alice);
        binder.reassert(bob);
      });
      expectObservable(statements$).toBe('-a 18ms a', { a: 'write alice 1' });
      expectObservable(inWords(binder)).toBe('11ms a 18ms a', { a: 'alice node' });
    }),
  );

  it(
    'marks a deserted row lost, unless the peer is known here',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, at, statements$, statuses, database } = setUp(scheduler);
      database.rows.putPeer({
        ...{ peerId: bob, coordinatorId: north, updatedAt: 1, node: bytesOf(held(bob, 1)), status: 'ok' },
      });
      at(1, () => binder.accept(node(alice, 1)));
      at(2, () => {
        binder.abandon(alice, held(alice, 9));
        binder.abandon(bob, held(bob, 1));
      });
      expectObservable(statements$).toBe('-ab', { a: 'write alice 1', b: 'write bob lost' });
      expectObservable(inWords(binder)).toBe('11ms ab', { a: 'alice node', b: 'bob lost' });
      at(20, () => expect(statuses()).to.deep.equal(['bob lost', 'alice ok']));
    }),
  );

  it(
    'tries again for ever, waiting longer each time, with what is newest by then',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at, statements$ } = setUp(scheduler);
      database.faults.failNext('writeBindings', 3);
      at(1, () => binder.accept(node(alice, 1)));
      at(600, () => binder.accept(node(alice, 2)));
      at(2000, () => binder.accept(node(alice, 3)));
      expectObservable(statements$).toBe('-a 509ms b 759ms c 1134ms d', {
        ...{ a: 'write alice 1', b: 'write alice 1', c: 'write alice 2', d: 'write alice 3' },
      });
      expectObservable(inWords(binder)).toBe('2416ms a', { a: 'alice node' });
    }),
  );

  it(
    'tries again at once when something else has succeeded',
    marbles(({ scheduler, hot, expectObservable }) => {
      const { binder, database, at, statements$ } = setUp(scheduler, { wake$: hot('100ms w') });
      database.faults.failNext('writeBindings', 2);
      at(1, () => binder.accept(node(alice, 1)));
      expectObservable(statements$).toBe('-a 98ms a 759ms a', { a: 'write alice 1' });
      expectObservable(inWords(binder)).toBe('870ms a', { a: 'alice node' });
    }),
  );

  it(
    'gives up what the database refuses, says so, and goes on with the others of its batch',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, book, at, statements$ } = setUp(scheduler);
      database.faults.failWhen((call) =>
        call.method === 'writeBindings' && call.args[1].some(({ peerId }) => peerId === eve)
          ? new StoreError('refused', 'nobody wants eve')
          : undefined,
      );
      at(1, () => [alice, eve, bob, carol].forEach((peerId) => binder.accept(node(peerId, 1))));
      expectObservable(statements$).toBe('-a 9ms b 9ms c 9ms d 9ms e', {
        a: 'write alice 1, eve 1, bob 1, carol 1',
        b: 'write alice 1, eve 1',
        c: 'write alice 1',
        d: 'write eve 1',
        e: 'write bob 1, carol 1',
      });
      expectObservable(inWords(binder)).toBe('31ms a 19ms b', { a: 'alice node', b: 'bob node, carol node' });
      at(100, () => {
        expect(book.lines).to.deep.equal(['error binding given up']);
        expect(book.entries[0]).to.include({ peer_id: eve });
      });
    }),
  );

  it(
    'tries a node that was given up when it is published again, the same or not, and not before',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at, statements$ } = setUp(scheduler);
      at(1, () => {
        database.faults.failNext('writeBindings', 1, new StoreError('refused', 'no'));
        binder.accept(node(alice, 1));
      });
      at(20, () => binder.accept(node(alice, 1)));
      at(40, () => binder.accept(node(alice, 1)));
      expectObservable(statements$).toBe('-a 18ms a', { a: 'write alice 1' });
      expectObservable(inWords(binder)).toBe('30ms a', { a: 'alice node' });
    }),
  );

  it(
    'tries a node again that was published again, just the same, while it was being refused',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at, statements$ } = setUp(scheduler);
      at(1, () => {
        database.faults.failNext('writeBindings', 1, new StoreError('refused', 'no'));
        binder.accept(node(alice, 1));
      });
      at(5, () => binder.accept(node(alice, 1)));
      // It stands written: nothing comes of what was said while it was not.
      at(25, () => binder.accept(node(alice, 1)));
      expectObservable(statements$).toBe('-a 9ms a', { a: 'write alice 1' });
      expectObservable(inWords(binder)).toBe('21ms a', { a: 'alice node' });
    }),
  );

  it(
    'keeps a node that was given up: that its peer is lost is written',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at, statements$ } = setUp(scheduler);
      at(1, () => {
        database.faults.failNext('writeBindings', 1, new StoreError('refused', 'no'));
        binder.accept(node(alice, 1));
      });
      at(20, () => {
        expect([binder.knows(alice), binder.isOk(alice)]).to.deep.equal([true, true]);
        binder.accept(lost(alice));
      });
      expectObservable(statements$).toBe('-a 18ms b', { a: 'write alice 1', b: 'write alice lost' });
      expectObservable(inWords(binder)).toBe('30ms a', { a: 'alice lost' });
    }),
  );

  it(
    'says of a goodbye that it is a repeated one, unless the peer has said goodbye again meanwhile',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, at } = setUp(scheduler);
      const repeated = (peerId: Uuid) => ({ kind: 'disconnected', peerId, isRepeated: true }) as const;
      at(1, () => {
        binder.accept(repeated(alice));
        binder.accept(disconnected(bob));
        binder.accept(repeated(bob));
        binder.accept(repeated(carol));
        binder.accept(disconnected(carol));
      });
      const said$ = binder.written$.pipe(
        map(({ bindings }) =>
          bindings
            .map((binding) => `${nameOf(binding.peerId)}${'isRepeated' in binding ? ' again' : ''}`)
            .sort()
            .join(', '),
        ),
      );
      expectObservable(said$).toBe('11ms a', { a: 'alice again, bob, carol' });
    }),
  );

  it(
    'still says goodbye for a peer whose node is refused meanwhile',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at, statements$ } = setUp(scheduler);
      at(1, () => binder.accept(node(alice, 1)));
      at(20, () => {
        database.faults.failNext('writeBindings', 1, new StoreError('refused', 'too large'));
        binder.accept(node(alice, 2));
      });
      at(25, () => binder.accept(disconnected(alice)));
      expectObservable(statements$).toBe('-a 18ms b 9ms c', {
        a: 'write alice 1',
        b: 'write alice 2',
        c: 'write alice gone',
      });
      expectObservable(inWords(binder)).toBe('11ms a 28ms b', { a: 'alice node', b: 'alice disconnected' });
      at(50, () => expect(database.rows.peers()).to.deep.equal([]));
    }),
  );

  it(
    'still writes the node of a peer that comes back while its goodbye is refused',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at, statements$, statuses } = setUp(scheduler);
      at(1, () => {
        database.faults.failNext('writeBindings', 1, new StoreError('refused', 'no'));
        binder.accept(disconnected(alice));
      });
      at(5, () => binder.accept(node(alice, 1)));
      expectObservable(statements$).toBe('-a 9ms b', { a: 'write alice gone', b: 'write alice 1' });
      expectObservable(inWords(binder)).toBe('21ms a', { a: 'alice node' });
      at(50, () => expect(statuses()).to.deep.equal(['alice ok']));
    }),
  );

  describe('owes a goodbye', () => {
    const settled = (binder: Binder): Observable<string> => binder.goodbyeSettled$.pipe(map(nameOf));

    it(
      'from when it is said until it is written, and then says so, once',
      marbles(({ scheduler, expectObservable }) => {
        const { binder, at } = setUp(scheduler);
        at(1, () => binder.accept(node(alice, 1)));
        at(20, () => {
          expect(binder.owesGoodbye(alice)).to.equal(false);
          binder.accept(disconnected(alice));
          expect([binder.owesGoodbye(alice), binder.owesGoodbye(bob)]).to.deep.equal([true, false]);
        });
        // Said again while it is being written, it is owed until it is written again.
        at(25, () => binder.accept(disconnected(alice)));
        at(35, () => expect(binder.owesGoodbye(alice)).to.equal(true));
        at(41, () => expect(binder.owesGoodbye(alice)).to.equal(false));
        expectObservable(inWords(binder)).toBe('11ms n 18ms d 9ms d', { n: 'alice node', d: 'alice disconnected' });
        expectObservable(settled(binder)).toBe('40ms a', { a: 'alice' });
      }),
    );

    it(
      'until the peer comes back, written or not',
      marbles(({ scheduler, expectObservable }) => {
        const { binder, database, at } = setUp(scheduler);
        database.faults.failNext('writeBindings');
        at(1, () => binder.accept(disconnected(alice)));
        at(100, () => {
          expect(binder.owesGoodbye(alice)).to.equal(true);
          binder.accept(node(alice, 1));
          expect(binder.owesGoodbye(alice)).to.equal(false);
        });
        expectObservable(inWords(binder)).toBe('521ms a', { a: 'alice node' });
        expectObservable(settled(binder)).toBe('100ms a', { a: 'alice' });
      }),
    );

    it(
      'until it is given up',
      marbles(({ scheduler, expectObservable }) => {
        const { binder, database, at } = setUp(scheduler);
        database.faults.failNext('writeBindings', 1, new StoreError('refused', 'no'));
        at(1, () => binder.accept(disconnected(alice)));
        at(12, () => expect([binder.owesGoodbye(alice), binder.knows(alice)]).to.deep.equal([false, false]));
        expectObservable(inWords(binder)).toBe('-');
        expectObservable(settled(binder)).toBe('11ms a', { a: 'alice' });
      }),
    );

    it(
      'of nobody who is lost, or has a node',
      marbles(({ scheduler, expectObservable }) => {
        const { binder, at } = setUp(scheduler);
        at(1, () => binder.accept(node(alice, 1)));
        at(2, () => binder.accept(lost(alice)));
        at(3, () => expect(binder.owesGoodbye(alice)).to.equal(false));
        expectObservable(inWords(binder)).toBe('11ms a 9ms b', { a: 'alice node', b: 'alice lost' });
        expectObservable(settled(binder)).toBe('-');
      }),
    );

    it(
      'as long as it writes: what says so completes with it, or when it is unsubscribed',
      marbles(({ scheduler, expectObservable }) => {
        const [ended, unsubscribed] = [setUp(scheduler), setUp(scheduler)];
        for (const { binder, at } of [ended, unsubscribed]) at(1, () => binder.accept(disconnected(alice)));
        ended.at(5, () => ended.binder.end());
        expectObservable(settled(ended.binder)).toBe('11ms (a|)', { a: 'alice' });
        expectObservable(inWords(ended.binder)).toBe('11ms (a|)', { a: 'alice disconnected' });
        expectObservable(settled(unsubscribed.binder)).toBe('-----|');
        expectObservable(inWords(unsubscribed.binder), '^----!').toBe('-');
      }),
    );
  });

  it(
    'completes when it was ended and everything is written, retries included',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at } = setUp(scheduler);
      at(1, () => binder.accept(node(alice, 1)));
      at(20, () => {
        database.faults.failNext('writeBindings');
        binder.accept(node(alice, 2));
        binder.accept(lost(alice));
        binder.end();
      });
      expectObservable(inWords(binder)).toBe('11ms a 528ms (b|)', { a: 'alice node', b: 'alice lost' });
    }),
  );

  it(
    'completes at once when it is ended with nothing to write',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, at } = setUp(scheduler);
      at(5, () => binder.end());
      expectObservable(inWords(binder)).toBe('-----|');
    }),
  );

  it(
    'stops trying when it is unsubscribed',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at, statements$ } = setUp(scheduler);
      database.faults.failNext('writeBindings', 99);
      at(1, () => binder.accept(node(alice, 1)));
      expectObservable(inWords(binder), '^ 700ms !').toBe('-');
      expectObservable(statements$).toBe('-a 509ms a', { a: 'write alice 1' });
    }),
  );

  describe('writes that a peer is lost', () => {
    it(
      'once its tunnels are written, and holds up nobody else',
      marbles(({ scheduler, expectObservable }) => {
        const { binder, opening, at, statements$, statuses } = setUp(scheduler);
        at(1, () => {
          for (const peerId of [alice, bob]) binder.accept(node(peerId, 1));
        });
        at(20, () => {
          opening.add(alice);
          for (const peerId of [alice, bob]) binder.accept(lost(peerId));
        });
        at(50, () => {
          expect(statuses()).to.deep.equal(['alice ok', 'bob lost']);
          opening.delete(alice);
          binder.tunnelsSettled(alice);
        });
        expectObservable(inWords(binder)).toBe('11ms a 18ms b 29ms c', {
          a: 'alice node, bob node',
          b: 'bob lost',
          c: 'alice lost',
        });
        expectObservable(statements$).toBe('-a 18ms b 29ms c', {
          a: 'write alice 1, bob 1',
          b: 'write bob lost',
          c: 'write alice lost',
        });
      }),
    );

    it(
      'not at all, if it is back by then, whose node does not wait',
      marbles(({ scheduler, expectObservable }) => {
        const { binder, opening, at } = setUp(scheduler);
        at(1, () => binder.accept(node(alice, 1)));
        at(20, () => {
          opening.add(alice);
          binder.accept(lost(alice));
        });
        at(30, () => binder.accept(node(alice, 1)));
        at(50, () => {
          opening.delete(alice);
          binder.tunnelsSettled(alice);
        });
        expectObservable(inWords(binder)).toBe('11ms a 28ms a', { a: 'alice node' });
      }),
    );

    it(
      'and nothing of one that is there, whose tunnels were written',
      marbles(({ scheduler, expectObservable }) => {
        const { binder, at } = setUp(scheduler);
        at(1, () => binder.accept(node(alice, 1)));
        at(20, () => {
          for (const peerId of [alice, bob]) binder.tunnelsSettled(peerId);
        });
        expectObservable(inWords(binder)).toBe('11ms a', { a: 'alice node' });
      }),
    );
  });

  it(
    'says whose nodes are being written, and when they are not any more, answered or not',
    marbles(({ scheduler, expectObservable }) => {
      const { binder, database, at } = setUp(scheduler);
      const being = (): string => [alice, bob, carol].filter(binder.isPublishing).map(nameOf).join();
      at(1, () => {
        database.faults.failNext('writeBindings');
        for (const peerId of [alice, bob]) binder.accept(node(peerId, 1));
        binder.accept(disconnected(carol));
      });
      at(5, () => expect(being()).to.equal('alice,bob'));
      at(50, () => expect(being()).to.equal(''));
      const ended$ = binder.published$.pipe(map((peerIds) => `${peerIds.map(nameOf).join()}, now ${being()}`));
      at(515, () => expect(being()).to.equal('alice,bob'));
      expectObservable(merge(inWords(binder), ended$)).toBe('11ms f 509ms (wf)', {
        w: 'alice node, bob node, carol disconnected',
        f: 'alice,bob, now ',
      });
    }),
  );

  it(
    'does not take a node for being written when the store broke',
    marbles(({ scheduler, flush }) => {
      const { store } = northsDatabase(scheduler);
      let writes = 0;
      const broken: typeof store = {
        ...store,
        writeBindings: (...args) => {
          writes += 1;
          if (writes === 2) throw new Error('broken');
          return store.writeBindings(...args);
        },
      };
      const binder = createBinder(storeCallsOn(broken, scheduler), logbook().logger, () => false);
      const at = onTime(scheduler);
      at(1, () => binder.accept(node(alice, 1)));
      at(50, () => binder.accept(node(alice, 2)));
      at(100, () => {
        expect(writes).to.equal(2);
        expect(binder.isPublishing(alice)).to.equal(false);
        binder.end();
      });
      binder.written$.subscribe();
      flush();
    }),
  );

  it('says of whom the last that is known is a node', () => {
    const calls = storeCallsOn(northsDatabase(asyncScheduler).store, asyncScheduler);
    const binder = createBinder(calls, logbook().logger, () => false);
    for (const [change, isOk] of [
      [node(alice, 1), true],
      [lost(alice), false],
      [node(alice, 2), true],
      [disconnected(alice), false],
    ] as const) {
      binder.accept(change);
      expect(binder.isOk(alice), change.kind).to.equal(isOk);
    }
    expect(binder.isOk(bob)).to.equal(false);
  });

  it(
    'cancels a write that nobody waits for any more',
    marbles(({ scheduler, cold, expectObservable, expectSubscriptions }) => {
      const write$ = cold('-----a|', { a: { at: 7 } });
      const binder = createBinder(
        { ...storeCallsOn(northsDatabase(scheduler).store, scheduler), writeBindings: () => write$ },
        logbook().logger,
        () => false,
      );
      onTime(scheduler)(2, () => binder.accept(node(alice, 1)));
      expectObservable(binder.written$, '^---!').toBe('-');
      expectSubscriptions(write$.subscriptions).toBe('--^-!');
    }),
  );
});
