import { expect } from 'chai';
import { type Observable, map, merge, toArray } from 'rxjs';
import { type BindingWrite, StoreError, type Uuid } from '../../src/db/store.js';
import { isRefused } from '../../src/streams/storeCalls.js';
import { aNode, alice, bob, carol, dave, eve, marbles, nameOf } from '../../src/testing/index.js';
import { encodeNode } from '../../src/proto/node.js';
import { statementsOf } from './support/describeCall.js';
import { logbook } from './support/logbook.js';
import { northsDatabase } from './support/northsDatabase.js';
import { onTime } from './support/onTime.js';
import { storeCallsOn } from './support/storeCallsOn.js';

const node = (peerId: Uuid): BindingWrite => ({ kind: 'node', peerId, node: encodeNode(aNode({ of: peerId })) });
const adding = (src: Uuid, dst: Uuid) => ({ src, add: [dst], remove: [], clear: false });

describe('store calls', () => {
  it(
    'share a statement in one turn, and each gets the answer to its own question',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      database.tables.store
        .writeTunnels(
          { coordinatorId: 'c0000000-0000-4000-8000-000000000001', expiry: 6000 },
          {
            add: [adding(alice, bob), adding(carol, alice)].map(({ src, add: [dst = ''] }) => ({ src, dst })),
            remove: [],
            clear: [],
          },
        )
        .subscribe();
      const calls = storeCallsOn(database.store, scheduler);
      const names = (peerId: Uuid): Observable<string> =>
        calls.readNeighbours(peerId).pipe(map((ids) => `${nameOf(peerId)}: ${[...ids].map(nameOf).join()}`));
      expectObservable(merge(names(alice), names(dave), names(bob))).toBe('10ms (abc|)', {
        ...{ a: 'alice: bob,carol', b: 'dave: ', c: 'bob: alice' },
      });
      expectObservable(statementsOf(database)).toBe('a', { a: 'neighbours of alice, dave, bob' });
    }),
  );

  it(
    'answers for pairs by the order of the question',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler);
      calls.writeTunnels(() => adding(alice, bob)).subscribe();
      calls.writeTunnels(() => adding(dave, carol)).subscribe();
      const first$ = calls.readShared(() => ({ peerId: alice, others: [carol, bob, dave] }));
      const none$ = calls.readShared(() => ({ peerId: bob, others: [] }));
      const second$ = calls.readShared(() => ({ peerId: carol, others: [dave, alice] }));
      onTime(scheduler)(50, () => undefined);
      expectObservable(merge(first$, none$, second$), '20ms ^').toBe('30ms (fns|)', {
        ...{ f: [false, true, false], n: [], s: [true, false] },
      });
    }),
  );

  it(
    'gives each peer all its bindings, and none to a peer without',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler);
      calls.writeBinding(() => node(alice)).subscribe();
      const rowsOf = (peerId: Uuid) =>
        calls.readBindings(peerId).pipe(map((rows) => rows.map((row) => nameOf(row.peerId))));
      expectObservable(merge(rowsOf(bob), rowsOf(alice)), '20ms ^').toBe('30ms (ba|)', { b: [], a: ['alice'] });
    }),
  );

  it(
    'keep to two statements of a kind in flight, and to the size of a batch',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler, { tuning: { maxBatchSize: 2, maxBatchesInFlight: 2 } });
      const peers = [alice, bob, carol, dave, eve];
      expectObservable(merge(...peers.map((peerId) => calls.readBindings(peerId))).pipe(toArray())).toBe('20ms (a|)', {
        a: [[], [], [], [], []],
      });
      expectObservable(statementsOf(database)).toBe('(ab) 6ms c', {
        ...{ a: 'bindings of alice, bob', b: 'bindings of carol, dave', c: 'bindings of eve' },
      });
    }),
  );

  it(
    'wait with writes, but not with reads, until the first heartbeat was tried',
    marbles(({ scheduler, cold, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler, { begun$: cold('50ms |') });
      expectObservable(
        merge(
          calls.writeBinding(() => node(alice)),
          calls.writeTunnels(() => adding(alice, bob)),
          calls.readBindings(alice),
        ).pipe(map((answer) => (typeof answer === 'number' ? 'written' : 'read'))),
      ).toBe('10ms r 49ms (ww|)', { r: 'read', w: 'written' });
      expectObservable(statementsOf(database)).toBe('r 49ms (wt)', {
        ...{ r: 'bindings of alice', w: 'write alice 1', t: 'tunnels +alice>bob' },
      });
    }),
  );

  it(
    'log a failed statement once, not once for each key',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const book = logbook();
      const calls = storeCallsOn(database.store, scheduler, { logger: book.logger });
      database.faults.failNext();
      expectObservable(merge(...[alice, bob, carol].map(calls.readBindings))).toBe(
        '10ms #',
        {},
        new StoreError('unavailable', 'the database failed'),
      );
      onTime(scheduler)(20, () => {
        expect(book.lines).to.deep.equal(['warn database call failed']);
        expect(book.entries[0]).to.include({ call: 'readBindings', keys: 3 });
      });
    }),
  );

  it(
    'are made again when that may help, and not when the database refuses or the code is at fault',
    marbles(({ scheduler, cold, expectObservable }) => {
      const { retry } = storeCallsOn(northsDatabase(scheduler).store, scheduler);
      const failing = (error: unknown) => cold('-#', {}, error).pipe(retry());
      for (const reason of ['unavailable', 'missing-coordinator'] as const) {
        expectObservable(failing(new StoreError(reason, 'later')), '^ 2s !').toBe('-');
      }
      const refused = new StoreError('refused', 'never');
      expectObservable(failing(refused)).toBe('-#', {}, refused);
      const defect = new TypeError('oops');
      expectObservable(failing(defect)).toBe('-#', {}, defect);
    }),
  );

  it('know a refusal from everything else', () => {
    expect(isRefused(new StoreError('refused', 'no'))).to.equal(true);
    for (const error of [
      new StoreError('unavailable', ''),
      new StoreError('missing-coordinator', ''),
      new Error('refused'),
    ]) {
      expect(isRefused(error)).to.equal(false);
    }
  });

  it(
    'leave out of a batch what was unsubscribed before it starts',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler);
      onTime(scheduler)(1, () => {
        const subscription = calls.readBindings(alice).subscribe();
        calls.readBindings(bob).subscribe();
        subscription.unsubscribe();
      });
      expectObservable(statementsOf(database)).toBe('-a', { a: 'bindings of bob' });
    }),
  );
});
