import { expect } from 'chai';
import type { TestScheduler } from 'rxjs/testing';
import { type Binding, StoreError, type Uuid } from '../../src/db/store.js';
import { encodeNode } from '../../src/proto/node.js';
import { createLeftovers, nextStep } from '../../src/streams/leftovers.js';
import { aNode, alice, bob, carol, dave, east, marbles, nameOf, north, south } from '../../src/testing/index.js';
import { statementsOf } from './support/describeCall.js';
import { logbook } from './support/logbook.js';
import { northsDatabase } from './support/northsDatabase.js';
import { onTime } from './support/onTime.js';
import { settable } from './support/settable.js';
import { storeCallsOn } from './support/storeCallsOn.js';

describe('nextStep', () => {
  const row = (coordinatorId: Uuid, status: Binding['status'], updatedAt: number) => ({
    peerId: alice,
    coordinatorId,
    status,
    updatedAt,
  });
  const isLive = (coordinatorId: Uuid) => coordinatorId === south;
  const withdrawal = { at: 100 };
  /** More than a second after the withdrawal, in microseconds. */
  const later = 1_000_101;

  for (const [what, elsewhere, step] of [
    ['nothing is left', [], 'forget'],
    ['it said something there since', [row(south, 'ok', later)], 'forget'],
    ['what it had said there was still under way', [row(south, 'ok', 101)], 'wait'],
    [
      'it said something at one place since, and is lost at another',
      [row(south, 'ok', later), row(east, 'lost', 1)],
      'forget',
    ],
    ['it may live there', [row(south, 'ok', 99)], 'wait'],
    ['it was written there at the very same time', [row(south, 'ok', 100)], 'wait'],
    ['it may live at one place, and is lost at another', [row(east, 'lost', 1), row(south, 'ok', 99)], 'wait'],
    ['it is lost there', [row(south, 'lost', 99)], 'repeat'],
    ['it was lost there since', [row(south, 'lost', 101)], 'repeat'],
    ['its coordinator there is gone', [row(east, 'ok', 99)], 'repeat'],
    ['its coordinator is gone that wrote since', [row(east, 'ok', 101)], 'repeat'],
  ] as const) {
    it(`is to ${step} when ${what}`, () => {
      expect(nextStep(elsewhere, withdrawal, isLive)).to.equal(step);
    });
  }
});

/** North, where alice takes something back, with a row of hers at south from before. */
const setUp = (scheduler: TestScheduler, { memory = 60_000 } = {}) => {
  const database = northsDatabase(scheduler);
  const { store } = database.tables;
  store.heartbeat(south).subscribe();
  const put = (status: Binding['status'], coordinatorId = south, updatedAt = 1000, peerId = alice) =>
    database.rows.putPeer({ peerId, coordinatorId, status, updatedAt, node: encodeNode(aNode()) });
  put('ok');
  const done: string[] = [];
  const live = new Set([south]);
  const connected = new Set<Uuid>();
  const wanted = new Set<Uuid>();
  const book = logbook();
  const clock = settable(scheduler);
  const leftovers = createLeftovers({
    ...{ calls: storeCallsOn(database.store, scheduler), coordinatorId: north, memory, logger: book.logger },
    scheduler: clock,
    binder: {
      accept: (change) => done.push(`${nameOf(change.peerId)} ${change.kind}${'isRepeated' in change ? ' again' : ''}`),
    },
    tunneler: {
      accept: (change) =>
        done.push(`${change.kind} ${nameOf(change.src)}${'dst' in change ? `>${nameOf(change.dst)}` : ''}`),
      wantedBy: () => wanted,
    },
    isConnected: (peerId) => connected.has(peerId),
    isLive: (coordinatorId) => live.has(coordinatorId),
  });
  const removed = (at: number, ...remove: readonly Uuid[]) =>
    leftovers.tunnelsWritten({ sources: [{ ...nothing, remove }], at });
  /** For the second time. */
  const withdrawn = (at: number, ...withdraw: readonly Uuid[]) =>
    leftovers.tunnelsWritten({ sources: [{ ...nothing, withdraw }], at });
  const saidGoodbye = (at: number) =>
    leftovers.bindingsWritten({ bindings: [{ peerId: alice, kind: 'disconnected' }], at });
  return {
    database,
    put,
    done,
    live,
    connected,
    wanted,
    book,
    clock,
    leftovers,
    removed,
    withdrawn,
    saidGoodbye,
    at: onTime(scheduler),
    statements$: statementsOf(database),
  };
};

const nothing = { src: alice, add: [], remove: [], withdraw: [], clear: false };

const bindings = { a: 'bindings of alice' };

describe('leftovers', () => {
  it(
    'says the goodbye again once the row that it had to leave is lost, and then no more',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, put, done, at, statements$ } = setUp(scheduler);
      at(1, () => saidGoodbye(2000));
      at(50, () => expect(done).to.deep.equal([]));
      at(50, () => {
        put('lost');
        leftovers.peerChanged(alice);
      });
      at(70, () => expect(done).to.deep.equal(['alice disconnected again', 'clear alice']));
      // The answer to the repetition, whatever there may still be.
      at(80, () => {
        const again = { peerId: alice, kind: 'disconnected', isRepeated: true } as const;
        leftovers.bindingsWritten({ bindings: [again], at: 3000 });
      });
      at(90, () => leftovers.peerChanged(alice));
      at(99, () => expect(done).to.have.lengthOf(2));
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a 48ms a', bindings);
    }),
  );

  it(
    'sees to all that was taken back in one statement with one read, and to each peer on its own',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, put, done, at, statements$ } = setUp(scheduler);
      put('lost', south, 1000, bob);
      put('ok', south, 1000, carol);
      put('lost', south, 1000, dave);
      at(1, () => {
        const gone = [alice, bob].map((peerId) => ({ peerId, kind: 'disconnected' as const }));
        leftovers.bindingsWritten({ bindings: [{ peerId: east, kind: 'node' }, ...gone], at: 2000 });
        const sources = [carol, dave].map((src) => ({ ...nothing, src, remove: [alice] }));
        leftovers.tunnelsWritten({ sources, at: 2000 });
      });
      // Alice and carol may live elsewhere.
      const expected = ['bob disconnected again', 'clear bob', 'withdraw dave>alice'];
      at(20, () => expect(done).to.deep.equal(expected));
      at(30, () => [alice, bob, carol, dave].forEach((peerId) => leftovers.peerChanged(peerId)));
      at(50, () => expect(done).to.deep.equal(expected));
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a 28ms b', {
        a: 'bindings of alice, bob, carol, dave',
        b: 'bindings of alice, carol',
      });
    }),
  );

  it(
    'asks nothing about what is opened again before it has looked',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, removed, at, statements$ } = setUp(scheduler);
      at(1, () => {
        removed(2000, bob);
        leftovers.tunnelsWritten({ sources: [{ ...nothing, add: [bob] }], at: 3000 });
      });
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-');
    }),
  );

  it(
    'says the goodbye again once the coordinator that it had to leave is gone',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, live, done, at, statements$ } = setUp(scheduler);
      at(1, () => saidGoodbye(2000));
      at(50, () => {
        live.delete(south);
        leftovers.lookAgain();
        expect(done).to.deep.equal([]);
      });
      at(70, () => expect(done).to.deep.equal(['alice disconnected again', 'clear alice']));
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a 48ms a', bindings);
    }),
  );

  it(
    'looks once and forgets when nothing was left elsewhere',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, database, done, at, statements$ } = setUp(scheduler);
      database.rows.deletePeer(alice);
      at(1, () => saidGoodbye(2000));
      at(50, () => leftovers.peerChanged(alice));
      at(60, () => leftovers.lookAgain());
      at(70, () => expect(done).to.deep.equal([]));
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a', bindings);
    }),
  );

  it(
    'forgets when the peer has said something there since',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, put, done, at, statements$ } = setUp(scheduler);
      at(1, () => saidGoodbye(2000));
      at(50, () => {
        put('ok', south, 1_002_001);
        leftovers.peerChanged(alice);
      });
      at(70, () => {
        put('lost', south, 1_002_001);
        leftovers.peerChanged(alice);
      });
      at(90, () => expect(done).to.deep.equal([]));
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a 48ms a', bindings);
    }),
  );

  it(
    'does not reach a newer life here: a node written since ends it',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, put, done, at } = setUp(scheduler);
      at(1, () => saidGoodbye(2000));
      at(30, () => leftovers.bindingsWritten({ bindings: [{ peerId: alice, kind: 'node' }], at: 3000 }));
      at(40, () => leftovers.bindingsWritten({ bindings: [{ peerId: alice, kind: 'lost' }], at: 4000 }));
      at(50, () => {
        put('lost');
        leftovers.peerChanged(alice);
      });
      at(90, () => expect(done).to.deep.equal([]));
      expectObservable(leftovers.work$).toBe('-');
    }),
  );

  it(
    'removes no tunnel again that was opened again since, though its source is lost by now',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, removed, put, done, at } = setUp(scheduler);
      at(1, () => removed(2000, bob, carol));
      at(30, () => leftovers.tunnelsWritten({ sources: [{ ...nothing, add: [bob] }], at: 3000 }));
      at(50, () => {
        put('lost');
        leftovers.peerChanged(alice);
      });
      at(90, () => expect(done).to.deep.equal(['withdraw alice>carol']));
      expectObservable(leftovers.work$).toBe('-');
    }),
  );

  for (const [what, opened, again, reads] of [
    ['something else', dave, ['withdraw alice>bob', 'withdraw alice>carol'], '-a 48ms a'],
    ['some of it', bob, ['withdraw alice>carol'], '-a 48ms a 9ms a'],
  ] as const) {
    it(
      `removes again what was removed, though its source opens ${what} while that is looked up`,
      marbles(({ scheduler, expectObservable }) => {
        const { leftovers, removed, put, done, at, statements$ } = setUp(scheduler);
        at(1, () => removed(2000, bob, carol));
        at(50, () => {
          put('lost');
          leftovers.peerChanged(alice);
        });
        at(55, () => {
          leftovers.tunnelsWritten({ sources: [{ ...nothing, add: [opened] }], at: 3000 });
        });
        at(90, () => expect(done).to.deep.equal(again));
        expectObservable(leftovers.work$).toBe('-');
        expectObservable(statements$).toBe(reads, bindings);
      }),
    );
  }

  it(
    'remembers a removal of what was opened again before its repetition was written',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, removed, put, done, at } = setUp(scheduler);
      const lose = () => {
        put('lost');
        leftovers.peerChanged(alice);
      };
      at(1, () => removed(2000, bob));
      at(50, lose);
      at(70, () => expect(done.splice(0)).to.deep.equal(['withdraw alice>bob']));
      at(80, () => leftovers.tunnelsWritten({ sources: [{ ...nothing, add: [bob] }], at: 3000 }));
      at(100, () => {
        put('ok');
        removed(4000, bob);
      });
      at(150, lose);
      at(170, () => expect(done).to.deep.equal(['withdraw alice>bob']));
      expectObservable(leftovers.work$).toBe('-');
    }),
  );

  it(
    'leaves alone a peer that has come back here',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, put, connected, done, at } = setUp(scheduler);
      at(1, () => saidGoodbye(2000));
      at(50, () => {
        connected.add(alice);
        put('lost');
        leftovers.peerChanged(alice);
      });
      at(90, () => expect(done).to.deep.equal([]));
      expectObservable(leftovers.work$).toBe('-');
    }),
  );

  it(
    'removes again the tunnels that were removed here, all of them, but for those that are wanted again',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, removed, withdrawn, put, wanted, connected, done, at, statements$ } = setUp(scheduler);
      connected.add(alice);
      at(1, () => removed(2000, bob, carol));
      at(20, () => removed(2100, dave));
      at(50, () => {
        wanted.add(carol);
        put('lost');
        leftovers.peerChanged(alice);
      });
      at(70, () => expect(done).to.deep.equal(['withdraw alice>bob', 'withdraw alice>dave']));
      at(80, () => withdrawn(3000, bob, dave));
      at(90, () => leftovers.peerChanged(alice));
      at(99, () => expect(done).to.have.lengthOf(2));
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a 18ms a 29ms a', bindings);
    }),
  );

  it(
    'remembers what is removed for the first time along with a repetition',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, removed, withdrawn, put, done, at } = setUp(scheduler);
      at(1, () => removed(2000, bob));
      at(20, () => {
        put('lost');
        leftovers.peerChanged(alice);
      });
      at(40, () => {
        put('ok');
        withdrawn(3000, bob);
        removed(3000, carol);
      });
      at(60, () => {
        put('lost');
        leftovers.peerChanged(alice);
      });
      at(80, () => expect(done).to.deep.equal(['withdraw alice>bob', 'withdraw alice>carol']));
      expectObservable(leftovers.work$).toBe('-');
    }),
  );

  it(
    'asks nothing about peers that took nothing back, nor about writes that took nothing back',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, at, statements$ } = setUp(scheduler);
      const source = { ...nothing, add: [bob] };
      at(1, () => {
        leftovers.bindingsWritten({ bindings: [{ peerId: alice, kind: 'node' }], at: 2000 });
        leftovers.bindingsWritten({ bindings: [{ peerId: alice, kind: 'lost' }], at: 2000 });
        leftovers.tunnelsWritten({ sources: [source], at: 2000 });
        // What comes with a goodbye is seen to with the goodbye.
        leftovers.tunnelsWritten({ sources: [{ ...source, remove: [carol], clear: true }], at: 2000 });
        leftovers.peerChanged(alice);
        leftovers.peerChanged(bob);
        leftovers.lookAgain();
      });
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-');
    }),
  );

  it(
    'remembers each removal as long as it should, and none longer for what is removed later',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, removed, put, done, at } = setUp(scheduler, { memory: 1000 });
      at(1, () => removed(2000, bob));
      at(800, () => removed(3000, carol));
      at(1300, () => {
        put('lost');
        leftovers.peerChanged(alice);
      });
      at(1400, () => expect(done).to.deep.equal(['withdraw alice>carol']));
      expectObservable(leftovers.work$).toBe('-');
    }),
  );

  it(
    'remembers nobody longer for what another one takes back later',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, removed, put, done, at, statements$ } = setUp(scheduler, { memory: 1000 });
      put('ok', south, 1000, bob);
      at(1, () => removed(2000, carol));
      at(100, () => leftovers.tunnelsWritten({ sources: [{ ...nothing, src: bob, remove: [carol] }], at: 2000 }));
      at(900, () => removed(3000, carol));
      at(1200, () => {
        put('lost', south, 1000, bob);
        leftovers.peerChanged(bob);
      });
      at(1300, () => expect(done).to.deep.equal([]));
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a 98ms b 799ms a', { ...bindings, b: 'bindings of bob' });
    }),
  );

  it(
    'remembers no longer than it should',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, put, done, at, statements$ } = setUp(scheduler, { memory: 1000 });
      at(1, () => saidGoodbye(2000));
      at(1002, () => {
        put('lost');
        leftovers.peerChanged(alice);
      });
      at(1300, () => expect(done).to.deep.equal([]));
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a', bindings);
    }),
  );

  for (const [direction, to] of [
    ['back', -1_000_000],
    ['forward', 1_000_000],
  ] as const) {
    it(
      `remembers for as long as it should, although the clock was set ${direction}`,
      marbles(({ scheduler, expectObservable }) => {
        const { leftovers, saidGoodbye, clock, at, statements$ } = setUp(scheduler, { memory: 1000 });
        at(1, () => saidGoodbye(2000));
        at(500, () => clock.set(to));
        at(980, () => leftovers.peerChanged(alice));
        at(1002, () => leftovers.peerChanged(alice));
        expectObservable(leftovers.work$).toBe('-');
        expectObservable(statements$).toBe('-a 978ms a', bindings);
      }),
    );
  }

  it(
    'does not answer with what was true before a later withdrawal',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, put, done, at, statements$ } = setUp(scheduler);
      put('lost');
      at(1, () => saidGoodbye(2000));
      // The read sees the row of 1000 lost; the peer has moved on since.
      at(7, () => {
        put('ok', south, 2500);
        saidGoodbye(3000);
      });
      at(40, () => expect(done).to.deep.equal([]));
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a 9ms a', bindings);
    }),
  );

  it(
    'still remembers a goodbye of a peer that came back while an earlier one was being repeated',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, put, done, at } = setUp(scheduler);
      at(1, () => saidGoodbye(2000));
      at(50, () => {
        put('lost');
        leftovers.peerChanged(alice);
      });
      // The repetition was overtaken: the peer came back before it was written.
      at(70, () => leftovers.bindingsWritten({ bindings: [{ peerId: alice, kind: 'node' }], at: 3000 }));
      at(80, () => {
        put('ok', south, 2500);
        saidGoodbye(4000);
      });
      at(100, () => {
        put('lost', south, 2500);
        leftovers.peerChanged(alice);
      });
      at(120, () =>
        expect(done).to.deep.equal([
          'alice disconnected again',
          'clear alice',
          'alice disconnected again',
          'clear alice',
        ]),
      );
      expectObservable(leftovers.work$).toBe('-');
    }),
  );

  it(
    'reads again what fails, and goes on with others when one is refused',
    marbles(({ scheduler, expectObservable }) => {
      const { leftovers, saidGoodbye, put, done, at, database, book, statements$ } = setUp(scheduler);
      put('lost');
      database.faults.failNext('readBindings');
      at(1, () => saidGoodbye(2000));
      at(600, () => {
        expect(done).to.have.lengthOf(2);
        database.faults.failNext('readBindings', 1, new StoreError('refused', 'no'));
        leftovers.bindingsWritten({ bindings: [{ peerId: bob, kind: 'disconnected' }], at: 3000 });
      });
      at(700, () => {
        expect(book.lines).to.deep.equal(['error leftovers given up']);
        leftovers.bindingsWritten({ bindings: [{ peerId: carol, kind: 'disconnected' }], at: 3000 });
      });
      expectObservable(leftovers.work$).toBe('-');
      expectObservable(statements$).toBe('-a 509ms a 88ms b 99ms c', {
        ...bindings,
        b: 'bindings of bob',
        c: 'bindings of carol',
      });
    }),
  );
});
