import { expect } from 'chai';
import { type Observable, Subject, filter, ignoreElements, map, merge, tap, throwError } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { StoreError, type Uuid } from '../../src/db/store.js';
import { type Binder, createBinder } from '../../src/streams/binder.js';
import { LateTunnels } from '../../src/streams/lateTunnels.js';
import { type Tunneler, createTunneler } from '../../src/streams/tunneler.js';
import { alice, bob, carol, dave, eve, marbles, nameOf } from '../../src/testing/index.js';
import { statementsOf } from './support/describeCall.js';
import { logbook } from './support/logbook.js';
import { noGoodbyes } from './support/noGoodbyes.js';
import { northsDatabase } from './support/northsDatabase.js';
import { onTime } from './support/onTime.js';
import { storeCallsOn } from './support/storeCallsOn.js';

const add = (src: Uuid, dst: Uuid) => ({ kind: 'add', src, dst }) as const;
const remove = (src: Uuid, dst: Uuid) => ({ kind: 'remove', src, dst }) as const;
const clear = (src: Uuid) => ({ kind: 'clear', src }) as const;
const release = (src: Uuid) => ({ kind: 'release', src }) as const;

const arrow = ({ src, dst }: { src: Uuid; dst: Uuid }) => `${nameOf(src)}>${nameOf(dst)}`;

const setUp = (
  scheduler: TestScheduler,
  goodbyes: Pick<Binder, 'owesGoodbye' | 'goodbyeSettled$'> = noGoodbyes,
  options: Parameters<typeof storeCallsOn>[2] = {},
) => {
  const database = northsDatabase(scheduler);
  const book = logbook();
  const settled$ = new Subject<Uuid>();
  const binder = { ...goodbyes, tunnelsSettled: (peerId: Uuid) => settled$.next(peerId) };
  const late = new LateTunnels();
  const tunneler = createTunneler(storeCallsOn(database.store, scheduler, options), book.logger, binder, late);
  return {
    ...{ tunneler, late, database, book, faults: database.faults, settled$: settled$.pipe(map(nameOf)) },
    at: onTime(scheduler),
    statements$: statementsOf(database),
    rows: () => database.rows.tunnels().map(arrow),
    wanted: () => [...tunneler.wanted()].map(arrow),
  };
};

/** Whose tunnels each statement wrote. */
const inWords = (tunneler: Tunneler): Observable<string> =>
  tunneler.written$.pipe(map(({ sources }) => sources.map(({ src }) => nameOf(src)).join(', ')));

describe('tunneler', () => {
  it(
    'writes in one statement what several peers ask for in one turn',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, at, statements$, rows } = setUp(scheduler);
      at(1, () => {
        tunneler.accept(add(alice, bob));
        tunneler.accept(add(dave, alice));
        tunneler.accept(remove(carol, alice));
        tunneler.accept(clear(eve));
      });
      expectObservable(statements$).toBe('-a', { a: 'tunnels +alice>bob +dave>alice -carol>alice clear eve' });
      expectObservable(inWords(tunneler)).toBe('11ms a', { a: 'alice, dave, carol, eve' });
      at(12, () => {
        expect(rows()).to.deep.equal(['alice>bob', 'dave>alice']);
      });
    }),
  );

  it(
    'remembers nothing of tunnels that are written',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, late, at } = setUp(scheduler);
      at(1, () => {
        tunneler.accept(add(alice, bob));
        tunneler.accept(add(dave, bob));
      });
      at(5, () => expect(late.size).to.equal(2));
      at(20, () => expect(late.size).to.equal(0));
      expectObservable(inWords(tunneler)).toBe('11ms a', { a: 'alice, dave' });
    }),
  );

  it(
    'writes together what a peer asks for while a write of its own is in flight',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, at, statements$, rows, wanted } = setUp(scheduler);
      at(1, () => tunneler.accept(add(alice, bob)));
      at(2, () => tunneler.accept(add(alice, carol)));
      at(3, () => tunneler.accept(add(dave, alice)));
      at(4, () => tunneler.accept(remove(alice, eve)));
      expectObservable(statements$).toBe('-a-b 7ms c', {
        a: 'tunnels +alice>bob',
        b: 'tunnels +dave>alice',
        c: 'tunnels +alice>carol -alice>eve',
      });
      expectObservable(inWords(tunneler)).toBe('11ms a-d 7ms a', { a: 'alice', d: 'dave' });
      at(30, () => {
        expect(rows()).to.deep.equal(['alice>bob', 'alice>carol', 'dave>alice']);
        expect(wanted()).to.deep.equal(rows());
        expect(tunneler.wantedBy(alice)).to.deep.equal(new Set([bob, carol]));
        expect(tunneler.wantedBy(bob)).to.deep.equal(new Set());
      });
    }),
  );

  it(
    'makes no statement when another one, which had to wait, has taken everything along',
    marbles(({ scheduler, hot, expectObservable }) => {
      const { tunneler, at, statements$ } = setUp(scheduler, noGoodbyes, { begun$: hot('50ms |') });
      at(1, () => tunneler.accept(add(alice, bob)));
      at(20, () => tunneler.accept(add(alice, carol)));
      expectObservable(statements$).toBe('50ms a', { a: 'tunnels +alice>bob +alice>carol' });
      expectObservable(inWords(tunneler)).toBe('60ms a', { a: 'alice' });
    }),
  );

  it(
    'says what was written of whom, and when',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, at } = setUp(scheduler);
      at(1, () => tunneler.accept(add(alice, bob)));
      at(21, () => {
        tunneler.accept(remove(alice, bob));
        tunneler.accept(clear(carol));
      });
      const nothing = { add: [], remove: [], withdraw: [], clear: false };
      expectObservable(tunneler.written$).toBe('11ms a 19ms b', {
        a: { sources: [{ ...nothing, src: alice, add: [bob] }], at: 6000, sender: 2 },
        b: {
          sources: [
            { ...nothing, src: alice, remove: [bob] },
            { ...nothing, src: carol, clear: true },
          ],
          at: 26_000,
          sender: 3,
        },
      });
    }),
  );

  it(
    'says which removals are made again, unless the source has said something of the tunnel meanwhile',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, at } = setUp(scheduler);
      const withdraw = (dst: Uuid) => ({ kind: 'withdraw', src: alice, dst }) as const;
      at(1, () => {
        tunneler.accept(remove(alice, bob));
        tunneler.accept(add(alice, carol));
        for (const dst of [bob, carol, dave, eve]) tunneler.accept(withdraw(dst));
        tunneler.accept(remove(alice, eve));
      });
      const written = { src: alice, add: [carol], remove: [bob, eve], withdraw: [dave], clear: false };
      expectObservable(tunneler.written$).toBe('11ms a', { a: { sources: [written], at: 6000, sender: 2 } });
    }),
  );

  it('remembers the thousand tunnels that a source removed last', () => {
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler } = setUp(scheduler);
      const others = Array.from(
        { length: 1000 },
        (_, index) => `${String(index).padStart(8, '0')}-0000-4000-8000-000000000000`,
      );
      const isRemembered = (dst: Uuid) => tunneler.isSurplus(alice, dst);
      tunneler.accept(remove(alice, bob));
      for (const dst of others.slice(0, 999)) tunneler.accept(remove(alice, dst));
      expect([bob, ...others].map(isRemembered).indexOf(false)).to.equal(1000);
      // It is the last now.
      tunneler.accept(remove(alice, bob));
      tunneler.accept(remove(alice, others[999]!));
      expect([others[0]!, others[1]!, bob].map(isRemembered)).to.deep.equal([false, true, true]);
      expectObservable(tunneler.added$).toBe('-');
    })();
  });

  it(
    'says which tunnels it is opening, and which it was once they are told of, or not written',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, at } = setUp(scheduler);
      const opening = () => [
        [...tunneler.adding()].map(nameOf).join(),
        [bob, dave]
          .filter((dst) => tunneler.isAdding(alice, dst))
          .map(nameOf)
          .join(),
      ];
      at(1, () => {
        tunneler.accept(add(alice, bob));
        tunneler.accept(remove(alice, dave));
        tunneler.accept(clear(carol));
        expect(opening()).to.deep.equal(['', '']);
      });
      at(2, () => expect(opening()).to.deep.equal(['alice', 'bob']));
      at(20, () => {
        expect(opening()).to.deep.equal(['', '']);
        faults.failNext('writeTunnels');
        tunneler.accept(add(alice, dave));
      });
      at(22, () => expect(opening()).to.deep.equal(['alice', 'dave']));
      at(100, () => expect(opening()).to.deep.equal(['', '']));
      at(700, () => {
        tunneler.accept(remove(alice, dave));
      });
      at(800, () => {
        tunneler.end();
      });
      const added$ = tunneler.added$.pipe(
        map((added) => [...added].map(([src, others]) => `${nameOf(src)}>${[...others].map(nameOf).join()}`).join()),
      );
      expectObservable(merge(inWords(tunneler), added$)).toBe('11ms (wa) 15ms b 509ms (xb) 166ms x 89ms |', {
        ...{ w: 'alice, carol', a: 'alice>bob', b: 'alice>dave', x: 'alice' },
      });
    }),
  );

  it(
    'leaves no row of a tunnel that is removed while its write fails and is tried again',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, at, statements$, rows, wanted } = setUp(scheduler);
      faults.failNext('writeTunnels', 2);
      at(1, () => tunneler.accept(add(alice, bob)));
      at(300, () => tunneler.accept(remove(alice, bob)));
      expectObservable(statements$).toBe('-a 509ms b 759ms b', { a: 'tunnels +alice>bob', b: 'tunnels -alice>bob' });
      expectObservable(inWords(tunneler)).toBe('1281ms a', { a: 'alice' });
      at(2000, () => {
        expect(rows()).to.deep.equal([]);
        expect(wanted()).to.deep.equal([]);
      });
    }),
  );

  it(
    'leaves no row of a tunnel whose write took effect although it seemed to fail',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, at, rows } = setUp(scheduler);
      faults.failAfterEffect('writeTunnels');
      at(1, () => tunneler.accept(add(alice, bob)));
      at(300, () => {
        expect(rows()).to.deep.equal(['alice>bob']);
        tunneler.accept(remove(alice, bob));
      });
      expectObservable(inWords(tunneler)).toBe('521ms a', { a: 'alice' });
      at(600, () => expect(rows()).to.deep.equal([]));
    }),
  );

  it(
    'leaves no orphan when a peer says goodbye while a tunnel of its is being written',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, at, statements$, rows, wanted } = setUp(scheduler);
      at(1, () => tunneler.accept(add(alice, bob)));
      at(2, () => tunneler.accept(add(alice, carol)));
      at(3, () => {
        tunneler.accept(clear(alice));
        expect(wanted()).to.deep.equal([]);
      });
      expectObservable(statements$).toBe('-a 9ms b', { a: 'tunnels +alice>bob', b: 'tunnels clear alice' });
      expectObservable(inWords(tunneler)).toBe('11ms a 9ms a', { a: 'alice' });
      at(10, () => expect(rows()).to.deep.equal(['alice>bob']));
      at(30, () => expect(rows()).to.deep.equal([]));
    }),
  );

  it(
    'keeps a tunnel that is opened after a goodbye',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, at, statements$, rows } = setUp(scheduler);
      at(1, () => tunneler.accept(add(alice, bob)));
      at(20, () => {
        tunneler.accept(clear(alice));
        tunneler.accept(add(alice, carol));
      });
      expectObservable(statements$).toBe('-a 18ms b', {
        a: 'tunnels +alice>bob',
        b: 'tunnels +alice>carol clear alice',
      });
      expectObservable(inWords(tunneler)).toBe('11ms a 18ms a', { a: 'alice' });
      at(50, () => expect(rows()).to.deep.equal(['alice>carol']));
    }),
  );

  it(
    'keeps a tunnel that is opened while the goodbye before it is being written',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, at, statements$, rows } = setUp(scheduler);
      at(1, () => tunneler.accept(clear(alice)));
      at(3, () => tunneler.accept(add(alice, carol)));
      at(4, () => tunneler.accept(clear(alice)));
      at(5, () => tunneler.accept(add(alice, dave)));
      expectObservable(statements$).toBe('-a 9ms b', {
        a: 'tunnels clear alice',
        b: 'tunnels +alice>dave clear alice',
      });
      expectObservable(inWords(tunneler)).toBe('11ms a 9ms a', { a: 'alice' });
      at(40, () => expect(rows()).to.deep.equal(['alice>dave']));
    }),
  );

  it(
    'writes what came last of one tunnel, however often it changed',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, at, statements$, rows } = setUp(scheduler);
      at(1, () => tunneler.accept(add(alice, bob)));
      [add, remove, add, remove].forEach((change, index) => at(2 + index, () => tunneler.accept(change(alice, bob))));
      expectObservable(statements$).toBe('-a 9ms b', { a: 'tunnels +alice>bob', b: 'tunnels -alice>bob' });
      expectObservable(inWords(tunneler)).toBe('11ms a 9ms a', { a: 'alice' });
      at(40, () => expect(rows()).to.deep.equal([]));
    }),
  );

  it(
    'does not answer for the tunnels of a lost peer any more, but leaves them',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, at, statements$, rows, wanted } = setUp(scheduler);
      at(1, () => tunneler.accept(add(alice, bob)));
      at(20, () => {
        tunneler.accept(release(alice));
        tunneler.accept(release(eve));
        tunneler.reassert(alice, bob);
        expect(wanted()).to.deep.equal([]);
      });
      expectObservable(statements$).toBe('-a', { a: 'tunnels +alice>bob' });
      expectObservable(inWords(tunneler)).toBe('11ms a', { a: 'alice' });
      at(40, () => expect(rows()).to.deep.equal(['alice>bob']));
    }),
  );

  it(
    'still writes what a lost peer had asked for',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, at, rows } = setUp(scheduler);
      faults.failNext('writeTunnels');
      at(1, () => tunneler.accept(add(alice, bob)));
      at(20, () => tunneler.accept(release(alice)));
      expectObservable(inWords(tunneler)).toBe('521ms a', { a: 'alice' });
      at(600, () => expect(rows()).to.deep.equal(['alice>bob']));
    }),
  );

  it(
    'writes a wanted tunnel again that was found missing, once, and no other',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, database, at, statements$, rows } = setUp(scheduler);
      at(1, () => tunneler.accept(add(alice, bob)));
      at(20, () => {
        database.rows.deleteTunnels(alice);
        tunneler.reassert(alice, bob);
        tunneler.reassert(alice, bob);
        tunneler.reassert(alice, carol);
        tunneler.reassert(dave, bob);
      });
      at(22, () => tunneler.reassert(alice, bob));
      expectObservable(statements$).toBe('-a 18ms a', { a: 'tunnels +alice>bob' });
      expectObservable(inWords(tunneler)).toBe('11ms a 18ms a', { a: 'alice' });
      at(40, () => expect(rows()).to.deep.equal(['alice>bob']));
    }),
  );

  describe('takes away, where it is found, a row that may have been opened after the goodbye of its source', () => {
    const surplus = (tunneler: Tunneler) => [bob, carol].filter((dst) => tunneler.isSurplus(alice, dst)).map(nameOf);

    it(
      'and that is not wanted since, while nobody was lost',
      marbles(({ scheduler, expectObservable }) => {
        const { tunneler, at, faults, statements$ } = setUp(scheduler);
        faults.failNext('writeTunnels');
        at(1, () => tunneler.accept(add(alice, bob)));
        // While the statement is under way that is to fail.
        at(3, () => tunneler.accept(clear(alice)));
        at(4, () => expect(surplus(tunneler)).to.deep.equal([]));
        at(600, () => expect(surplus(tunneler)).to.deep.equal(['bob', 'carol']));
        at(700, () => {
          tunneler.reassert(alice, bob);
        });
        // She is back.
        at(800, () => tunneler.accept(add(alice, carol)));
        at(900, () => {
          expect(surplus(tunneler)).to.deep.equal(['bob']);
          tunneler.reassert(alice, bob);
          tunneler.reassert(alice, carol);
        });
        // Of one who was lost what it wanted stays.
        at(1_000, () => {
          tunneler.accept(release(alice));
          expect(surplus(tunneler)).to.deep.equal(['bob']);
          tunneler.reassert(alice, carol);
        });
        expectObservable(inWords(tunneler)).toBe('521ms a 188ms a 99ms a 99ms a', { a: 'alice' });
        expectObservable(statements$).toBe('-a 509ms b 188ms c 99ms d 99ms e', {
          ...{ a: 'tunnels +alice>bob', b: 'tunnels clear alice', c: 'tunnels -own alice>bob' },
          ...{ d: 'tunnels +alice>carol', e: 'tunnels +alice>carol -own alice>bob' },
        });
      }),
    );

    it(
      'as long as its goodbye is still to be written, or is not yet old',
      marbles(
        ({ scheduler, expectObservable }) => {
          const { tunneler, late, at, faults } = setUp(scheduler);
          const check = (expected: readonly string[]) => () => {
            tunneler.checkBegins()();
            expect(surplus(tunneler)).to.deep.equal(expected);
          };
          const away = new StoreError('unavailable', 'away');
          const comeBack = faults.failWhen(({ method }) => (method === 'writeTunnels' ? away : undefined));
          at(1, () => tunneler.accept(add(alice, bob)));
          at(300, () => tunneler.accept(clear(alice)));
          at(60_000, check(['bob', 'carol']));
          at(300_000, comeBack);
          at(309_000, check(['bob', 'carol']));
          at(330_000, check([]));
          const written$ = tunneler.written$.pipe(ignoreElements());
          expectObservable(merge(late.time$(scheduler), written$), '^ 400s !').toBe('-');
        },
        { until: 401_000 },
      ),
    );

    it(
      'as long as that goodbye waits for what it has to wait for',
      marbles(
        ({ scheduler, hot, expectObservable }) => {
          const settled$ = hot('60s a', { a: alice });
          let owes = true;
          const goodbyes = {
            owesGoodbye: () => owes,
            goodbyeSettled$: settled$.pipe(tap(() => (owes = false))),
          };
          const { tunneler, late, at, faults } = setUp(scheduler, goodbyes);
          faults.failNext('writeTunnels', 1);
          at(1, () => tunneler.accept(add(alice, bob)));
          at(300, () => tunneler.accept(clear(alice)));
          at(50_000, () => {
            tunneler.checkBegins()();
            expect(surplus(tunneler)).to.deep.equal(['bob', 'carol']);
          });
          at(90_000, () => {
            tunneler.checkBegins()();
            expect(surplus(tunneler)).to.deep.equal([]);
          });
          const written$ = tunneler.written$.pipe(ignoreElements());
          expectObservable(merge(late.time$(scheduler), written$), '^ 99s !').toBe('-');
        },
        { until: 100_000 },
      ),
    );

    it(
      'but of one who came back and was lost, before the failure was seen, only what it had not wanted',
      marbles(({ scheduler, expectObservable }) => {
        const { tunneler, at, faults } = setUp(scheduler);
        faults.failNext('writeTunnels');
        at(1, () => tunneler.accept(add(alice, bob)));
        at(2, () => tunneler.accept(clear(alice)));
        at(3, () => tunneler.accept(add(alice, carol)));
        at(4, () => tunneler.accept(release(alice)));
        at(600, () => expect(surplus(tunneler)).to.deep.equal(['bob']));
        expectObservable(inWords(tunneler)).toBe('521ms a', { a: 'alice' });
      }),
    );

    it(
      'and what a lost source had removed',
      marbles(({ scheduler, expectObservable }) => {
        const { tunneler, at, faults } = setUp(scheduler);
        faults.failNext('writeTunnels');
        at(1, () => tunneler.accept(add(alice, bob)));
        at(2, () => tunneler.accept(add(alice, carol)));
        at(3, () => tunneler.accept(remove(alice, bob)));
        at(4, () => tunneler.accept(release(alice)));
        at(600, () => expect(surplus(tunneler)).to.deep.equal(['bob']));
        expectObservable(inWords(tunneler)).toBe('521ms a', { a: 'alice' });
      }),
    );

    it(
      'also after another failure, that of its own removal',
      marbles(({ scheduler, expectObservable }) => {
        const { tunneler, at, faults } = setUp(scheduler);
        faults.failNext('writeTunnels', 1);
        at(1, () => tunneler.accept(add(alice, bob)));
        at(300, () => tunneler.accept(clear(alice)));
        at(600, () => {
          faults.failNext('writeTunnels', 1);
          tunneler.reassert(alice, bob);
        });
        at(700, () => expect(surplus(tunneler)).to.deep.equal(['bob', 'carol']));
        expectObservable(inWords(tunneler)).toBe('521ms a 598ms a', { a: 'alice' });
      }),
    );

    for (const [how, writeTunnels] of [
      ['an error that nobody expects', () => throwError(() => new Error('a bug'))],
      [
        'a store that throws',
        () => {
          throw new Error('a bug');
        },
      ],
    ] as const) {
      it(
        `also after ${how}`,
        marbles(({ scheduler, expectObservable }) => {
          const calls = storeCallsOn({ ...northsDatabase(scheduler).store, writeTunnels }, scheduler);
          const tunneler = createTunneler(calls, logbook().logger, noGoodbyes, new LateTunnels());
          onTime(scheduler)(1, () => tunneler.accept(add(alice, bob)));
          // Once writes need not wait for the first heartbeat any more, too.
          onTime(scheduler)(10, () => tunneler.accept(add(dave, bob)));
          onTime(scheduler)(20, () => {
            expect(tunneler.isAdding(dave, bob)).to.equal(false);
            tunneler.accept(clear(alice));
            expect(surplus(tunneler)).to.deep.equal(['bob', 'carol']);
            expect(tunneler.isAdding(alice, bob)).to.equal(false);
          });
          expectObservable(tunneler.written$.pipe(ignoreElements())).toBe('-');
        }),
      );
    }

    it(
      'but does not withdraw what its source has opened since, and what is not written yet',
      marbles(({ scheduler, expectObservable }) => {
        const { tunneler, at, faults, rows } = setUp(scheduler);
        faults.failNext('writeTunnels');
        at(1, () => tunneler.accept(add(alice, bob)));
        at(20, () => tunneler.accept(release(alice)));
        at(30, () => {
          tunneler.accept({ kind: 'withdraw', src: alice, dst: bob });
        });
        expectObservable(inWords(tunneler)).toBe('521ms a', { a: 'alice' });
        at(600, () => expect(rows()).to.deep.equal(['alice>bob']));
      }),
    );

    it(
      'but nothing of who withdraws something without being here, and keeps nothing of that',
      marbles(({ scheduler, expectObservable }) => {
        const { tunneler, at, faults, statements$ } = setUp(scheduler);
        faults.failNext('writeTunnels');
        at(1, () => tunneler.accept(add(alice, bob)));
        at(300, () => {
          tunneler.accept(clear(alice));
          tunneler.accept({ kind: 'withdraw', src: alice, dst: dave });
          // As it was: gone.
          expect(surplus(tunneler)).to.deep.equal(['bob', 'carol']);
          tunneler.accept({ kind: 'withdraw', src: eve, dst: dave });
        });
        at(600, () => {
          expect(tunneler.isSurplus(eve, dave)).to.equal(false);
          tunneler.reassert(eve, dave);
        });
        expectObservable(statements$).toBe('-a 298ms b 210ms c', {
          ...{ a: 'tunnels +alice>bob', b: 'tunnels -eve>dave', c: 'tunnels -alice>dave clear alice' },
        });
        expectObservable(inWords(tunneler)).toBe('310ms e 210ms a', { a: 'alice', e: 'eve' });
      }),
    );

    for (const reason of ['refused', 'missing-coordinator'] as const) {
      it(
        `but nothing after a failure that says that nothing was done: ${reason}`,
        marbles(({ scheduler, expectObservable }) => {
          const { tunneler, at, faults } = setUp(scheduler);
          faults.failNext('writeTunnels', 1, new StoreError(reason, 'no'));
          at(1, () => tunneler.accept(add(alice, bob)));
          at(3, () => tunneler.accept(clear(alice)));
          at(600, () => expect(surplus(tunneler)).to.deep.equal([]));
          expectObservable(tunneler.written$.pipe(ignoreElements()), '^ 700ms !').toBe('-');
        }),
      );
    }

    it(
      'and nothing once it was ended',
      marbles(({ scheduler, expectObservable }) => {
        const { tunneler, at, faults } = setUp(scheduler);
        faults.failNext('writeTunnels');
        at(1, () => tunneler.accept(add(alice, bob)));
        at(3, () => tunneler.accept(clear(alice)));
        at(600, () => {
          tunneler.end();
          tunneler.reassert(alice, bob);
          expect(tunneler.isWriting(alice)).to.equal(false);
        });
        expectObservable(inWords(tunneler)).toBe('521ms a 78ms |', { a: 'alice' });
      }),
    );
  });

  it(
    'gives up the tunnels that the database refuses, says so, and goes on with those of others',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, book, at, rows } = setUp(scheduler);
      faults.failWhen((call) =>
        call.method === 'writeTunnels' && call.args[1].add.some(({ src }) => src === eve)
          ? new StoreError('refused', 'nobody wants eve')
          : undefined,
      );
      at(1, () => [alice, eve, bob].forEach((src) => tunneler.accept(add(src, carol))));
      expectObservable(inWords(tunneler)).toBe('21ms a 29ms b', { a: 'alice', b: 'bob' });
      at(100, () => {
        expect(rows()).to.deep.equal(['alice>carol', 'bob>carol']);
        expect(book.lines).to.deep.equal(['error tunnels given up']);
        expect(book.entries[0]).to.include({ peer_id: eve });
      });
    }),
  );

  it(
    'gives up one statement of a source that needs several, and writes the others',
    marbles(({ scheduler, expectObservable }) => {
      const tuning = { maxBatchSize: 1, maxBatchesInFlight: 2, batchSpacing: 0 };
      const { tunneler, faults, at, statements$, settled$, rows } = setUp(scheduler, noGoodbyes, { tuning });
      faults.failNext('writeTunnels', 1, new StoreError('refused', 'no'));
      at(1, () => {
        // So many go into one statement.
        for (let n = 1; n <= 4; n++)
          tunneler.accept(add(alice, `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`));
        tunneler.accept(add(alice, carol));
        tunneler.end();
      });
      const isLast = filter((statement: string) => statement.split(' ').length === 2);
      expectObservable(statements$.pipe(isLast)).toBe('11ms b', { b: 'tunnels +alice>carol' });
      expectObservable(inWords(tunneler)).toBe('21ms (a|)', { a: 'alice' });
      // Whoever waits for it, as the word that the source is lost does, must not wait for ever.
      expectObservable(settled$).toBe('21ms a', { a: 'alice' });
      at(30, () => {
        expect(tunneler.isWriting(alice)).to.equal(false);
        expect(rows()).to.deep.equal(['alice>carol']);
      });
    }),
  );

  it(
    'does not try again with a later change what was given up',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, at, statements$ } = setUp(scheduler);
      faults.failNext('writeTunnels', 1, new StoreError('refused', 'no'));
      at(1, () => tunneler.accept(add(alice, bob)));
      at(20, () => tunneler.accept(add(alice, carol)));
      expectObservable(statements$).toBe('-a 18ms b', { a: 'tunnels +alice>bob', b: 'tunnels +alice>carol' });
      expectObservable(inWords(tunneler)).toBe('30ms a', { a: 'alice' });
    }),
  );

  it(
    'still writes the goodbye of a peer whose tunnel is refused meanwhile',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, at, statements$, rows } = setUp(scheduler);
      at(1, () => tunneler.accept(add(alice, bob)));
      at(20, () => {
        faults.failNext('writeTunnels', 1, new StoreError('refused', 'no'));
        tunneler.accept(add(alice, carol));
      });
      at(25, () => tunneler.accept(clear(alice)));
      expectObservable(statements$).toBe('-a 18ms b 9ms c', {
        ...{ a: 'tunnels +alice>bob', b: 'tunnels +alice>carol', c: 'tunnels clear alice' },
      });
      expectObservable(inWords(tunneler)).toBe('11ms a 28ms a', { a: 'alice' });
      at(50, () => expect(rows()).to.deep.equal([]));
    }),
  );

  describe('says that all tunnels of a source are written', () => {
    it(
      'when none is left, however many came meanwhile, and not before',
      marbles(({ scheduler, expectObservable }) => {
        const { tunneler, at, faults, settled$ } = setUp(scheduler);
        faults.failNext('writeTunnels');
        at(1, () => tunneler.accept(add(alice, bob)));
        at(2, () => tunneler.accept(add(alice, carol)));
        at(3, () => tunneler.accept(release(alice)));
        at(516, () => tunneler.accept(remove(alice, dave)));
        at(520, () => expect(tunneler.isWriting(alice)).to.equal(true));
        // Tried again at 511 ms, with what had come by then; and then with what came since.
        expectObservable(inWords(tunneler)).toBe('521ms a 9ms a', { a: 'alice' });
        expectObservable(settled$).toBe('531ms a', { a: 'alice' });
        at(540, () => expect(tunneler.isWriting(alice)).to.equal(false));
      }),
    );

    it(
      'also when they cannot be',
      marbles(({ scheduler, expectObservable }) => {
        const { tunneler, at, faults, settled$ } = setUp(scheduler);
        faults.failNext('writeTunnels', 1, new StoreError('refused', 'no'));
        at(1, () => tunneler.accept(add(alice, bob)));
        expectObservable(inWords(tunneler)).toBe('-');
        expectObservable(settled$).toBe('11ms a', { a: 'alice' });
      }),
    );
  });

  describe('clears the tunnels of a source whose goodbye waits', () => {
    /** A binder that owes goodbyes of these, and settles them as drawn. */
    const owing = (peers: readonly Uuid[], settled$: Observable<Uuid>) => {
      const owed = new Set(peers);
      return {
        owesGoodbye: (peerId: Uuid) => owed.has(peerId),
        goodbyeSettled$: settled$.pipe(tap((peerId) => owed.delete(peerId))),
      };
    };
    const peers = { a: alice, b: bob, c: carol };

    it(
      'only once that is settled, with what was opened since, and holds up nobody else',
      marbles(({ scheduler, hot, expectObservable }) => {
        const settled$ = hot('--c---- 13ms a', peers);
        const { tunneler, at, statements$ } = setUp(scheduler, owing([alice], settled$));
        at(1, () => {
          tunneler.accept(clear(alice));
          tunneler.accept(add(bob, carol));
        });
        at(5, () => tunneler.accept(add(alice, dave)));
        at(6, () => tunneler.accept(clear(eve)));
        expectObservable(statements$).toBe('-a----e 13ms b', {
          ...{ a: 'tunnels +bob>carol', e: 'tunnels clear eve', b: 'tunnels +alice>dave clear alice' },
        });
        expectObservable(inWords(tunneler)).toBe('11ms b----e 13ms a', { a: 'alice', b: 'bob', e: 'eve' });
      }),
    );

    it(
      'once its own write that was under way has ended, too',
      marbles(({ scheduler, hot, expectObservable }) => {
        const settled$ = hot('-----a', peers);
        const { tunneler, at, statements$, rows } = setUp(scheduler, owing([alice], settled$));
        at(1, () => tunneler.accept(add(alice, bob)));
        at(3, () => tunneler.accept(clear(alice)));
        expectObservable(statements$).toBe('-a 9ms b', { a: 'tunnels +alice>bob', b: 'tunnels clear alice' });
        expectObservable(inWords(tunneler)).toBe('11ms a 9ms a', { a: 'alice' });
        at(30, () => expect(rows()).to.deep.equal([]));
      }),
    );

    it(
      'before it completes, however early it was ended',
      marbles(({ scheduler, hot, expectObservable }) => {
        const settled$ = hot('20ms (a|)', peers);
        const { tunneler, at, statements$ } = setUp(scheduler, owing([alice], settled$));
        at(1, () => {
          tunneler.accept(clear(alice));
          tunneler.end();
        });
        expectObservable(statements$).toBe('20ms a', { a: 'tunnels clear alice' });
        expectObservable(inWords(tunneler)).toBe('30ms (a|)', { a: 'alice' });
      }),
    );

    it(
      'after the goodbye of a binder, however often that has to be tried, and both complete',
      marbles(({ scheduler, expectObservable }) => {
        const database = northsDatabase(scheduler);
        const calls = storeCallsOn(database.store, scheduler);
        const binder = createBinder(calls, logbook().logger, () => false);
        const tunneler = createTunneler(calls, logbook().logger, binder, new LateTunnels());
        database.faults.failNext('writeBindings');
        onTime(scheduler)(1, () => {
          binder.accept({ kind: 'disconnected', peerId: alice });
          tunneler.accept(clear(alice));
          binder.end();
          tunneler.end();
        });
        expectObservable(merge(binder.written$, tunneler.written$).pipe(map(() => 'written'))).toBe(
          '521ms w 9ms (w|)',
          { w: 'written' },
        );
        expectObservable(statementsOf(database)).toBe('-a 509ms a 9ms b', {
          a: 'write alice gone',
          b: 'tunnels clear alice',
        });
      }),
    );
  });

  it(
    'completes when it was ended and everything is written, retries included',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, at } = setUp(scheduler);
      faults.failNext('writeTunnels');
      at(1, () => tunneler.accept(add(alice, bob)));
      at(20, () => tunneler.end());
      expectObservable(inWords(tunneler)).toBe('521ms (a|)', { a: 'alice' });
    }),
  );

  it(
    'writes more than a statement can do before its timeout in several, one after the other',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, at, rows } = setUp(scheduler);
      const many = (prefix: string, count: number) =>
        Array.from(
          { length: count },
          (_, index) => `${prefix}0000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
        );
      at(1, () => {
        for (const dst of many('a', 2_400)) tunneler.accept(add(alice, dst));
        for (const dst of many('b', 1_800)) tunneler.accept(add(bob, dst));
      });
      at(100, () => expect(rows()).to.have.lengthOf(4_200));
      const sizes$ = faults.calls$.pipe(
        map((call) => (call.method === 'writeTunnels' ? String(call.args[1].add.length) : call.method)),
      );
      expectObservable(sizes$).toBe('-a 9ms a 9ms b', { a: '2000', b: '200' });
      tunneler.written$.subscribe();
    }),
  );

  it(
    'stops trying when it is unsubscribed',
    marbles(({ scheduler, expectObservable }) => {
      const { tunneler, faults, at, statements$ } = setUp(scheduler);
      faults.failNext('writeTunnels', 99);
      at(1, () => tunneler.accept(add(alice, bob)));
      expectObservable(inWords(tunneler), '^ 700ms !').toBe('-');
      expectObservable(statements$).toBe('-a 509ms a', { a: 'tunnels +alice>bob' });
    }),
  );
});
