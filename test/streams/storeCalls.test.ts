import { expect } from 'chai';
import { type Observable, asyncScheduler, map, merge } from 'rxjs';
import {
  type BindingWrite,
  type Pair,
  StoreError,
  type Tunnel,
  type TunnelWrites,
  type Uuid,
} from '../../src/db/store.js';
import { encodeNode } from '../../src/proto/node.js';
import { coalesceInBatches } from '../../src/streams/operators/coalesceInBatches.js';
import type { Work } from '../../src/telemetry.js';
import { aNode, alice, bob, carol, dave, eve, marbles, memoryDatabase, nameOf } from '../../src/testing/index.js';
import { statementsOf } from './support/describeCall.js';
import { logbook } from './support/logbook.js';
import { northsDatabase } from './support/northsDatabase.js';
import { onTime } from './support/onTime.js';
import { storeCallsOn } from './support/storeCallsOn.js';

const node = (peerId: Uuid, derp = 1): BindingWrite => ({
  ...{ kind: 'node', peerId },
  node: encodeNode(aNode({ of: peerId, derp })),
});
const adding = (...add: readonly Tunnel[]): TunnelWrites => ({ add, remove: [], clear: [] });
const tunnel = (src: Uuid, dst: Uuid): Tunnel => ({ src, dst });

describe('store calls', () => {
  it(
    'read the neighbours of many peers, with an entry also for who has none',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler);
      calls.writeTunnels(() => adding(tunnel(alice, bob), tunnel(carol, alice))).subscribe();
      const neighbours$ = calls
        .readNeighbours([alice, dave, bob])
        .pipe(map((found) => [...found].map(([peerId, ids]) => `${nameOf(peerId)}: ${[...ids].map(nameOf).join()}`)));
      expectObservable(neighbours$, '20ms ^').toBe('30ms (n|)', { n: ['alice: bob,carol', 'dave: ', 'bob: alice'] });
    }),
  );

  it(
    'answer for pairs by the order of the question',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler);
      calls.writeTunnels(() => adding(tunnel(alice, bob), tunnel(dave, carol))).subscribe();
      const pairs: readonly Pair[] = [
        [alice, carol],
        [bob, alice],
        [alice, dave],
        [carol, dave],
      ];
      expectObservable(calls.readPairs(pairs), '20ms ^').toBe('30ms (p|)', { p: [false, true, false, true] });
    }),
  );

  it(
    'read all bindings of many peers, with an entry also for who has none',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler);
      calls.writeBindings(() => [node(alice)]).subscribe();
      const rows$ = calls
        .readBindings([bob, alice])
        .pipe(map((found) => [...found].map(([peerId, rows]) => `${nameOf(peerId)}: ${String(rows.length)}`)));
      expectObservable(rows$, '20ms ^').toBe('30ms (r|)', { r: ['bob: 0', 'alice: 1'] });
    }),
  );

  it(
    'wait with writes, but not with reads, until the first heartbeat was tried; then they write what is newest',
    marbles(({ scheduler, cold, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler, { begun$: cold('50ms |') });
      let newest = [node(alice, 1)];
      onTime(scheduler)(30, () => (newest = [node(alice, 2), node(bob, 3)]));
      expectObservable(statementsOf(database)).toBe('r 49ms (wt)', {
        ...{ r: 'bindings of alice', w: 'write alice 2, bob 3', t: 'tunnels +alice>bob' },
      });
      expectObservable(
        merge(
          calls.writeBindings(() => newest),
          calls.writeTunnels(() => adding(tunnel(alice, bob))),
          calls.readBindings([alice]),
        ).pipe(map((answer) => (answer instanceof Map ? 'read' : 'written'))),
      ).toBe('10ms r 49ms (ww|)', { r: 'read', w: 'written' });
    }),
  );

  it(
    'do not wait any more once the first heartbeat was tried',
    marbles(({ scheduler, cold, expectObservable, expectSubscriptions }) => {
      const database = northsDatabase(scheduler);
      const begun$ = cold<never>('-|');
      const calls = storeCallsOn(database.store, scheduler, { begun$ });
      const write = () => calls.writeBindings(() => [node(alice)]).subscribe();
      [0, 20, 40].forEach((time) => onTime(scheduler)(time, write));
      expectObservable(statementsOf(database)).toBe('-a 18ms a 19ms a', { a: 'write alice 1' });
      expectSubscriptions(begun$.subscriptions).toBe('^!');
    }),
  );

  it(
    'write nothing for who has lost interest before the first heartbeat was tried',
    marbles(({ scheduler, cold, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const calls = storeCallsOn(database.store, scheduler, { begun$: cold('50ms |') });
      expectObservable(
        calls.writeBindings(() => [node(alice)]),
        '^ 20ms !',
      ).toBe('-');
      expectObservable(statementsOf(database)).toBe('-');
    }),
  );

  it(
    'log a failed statement once, not once for each key, and say when a write failed',
    marbles(({ scheduler, expectObservable }) => {
      const database = northsDatabase(scheduler);
      const book = logbook();
      let failedWrites = 0;
      const calls = storeCallsOn(database.store, scheduler, {
        logger: book.logger,
        onWriteFailed: () => (failedWrites += 1),
      });
      database.faults.failNext(undefined, 5);
      const away = new StoreError('unavailable', 'the database failed');
      const peers = [alice, bob, carol];
      const all$: readonly Observable<unknown>[] = [
        calls.readBindings(peers),
        calls.readNeighbours(peers),
        calls.readPairs([[alice, bob]]),
        calls.writeBindings(() => peers.map((peerId) => node(peerId))),
        calls.writeTunnels(() => ({ add: [tunnel(alice, bob)], remove: [tunnel(bob, carol)], clear: [dave, eve] })),
      ];
      for (const call$ of all$) expectObservable(call$).toBe('10ms #', {}, away);
      onTime(scheduler)(20, () => {
        expect(book.lines).to.deep.equal(Array.from({ length: 5 }, () => 'warn database call failed'));
        expect(book.entries.map(({ call, keys }) => `${String(call)} ${String(keys)}`)).to.deep.equal([
          ...['readBindings 3', 'readNeighbours 3', 'readPairs 1', 'writeBindings 3', 'writeTunnels 4'],
        ]);
        expect(failedWrites).to.equal(2);
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

  it(
    'share statements as the tuning says, and are made again in batches by the same rule',
    marbles(({ scheduler, hot, cold, expectObservable, expectSubscriptions }) => {
      const calls = storeCallsOn(northsDatabase(scheduler).store, scheduler, {
        tuning: { maxBatchSize: 10, maxBatchesInFlight: 2, batchSpacing: 0 },
      });
      const givenUp: string[] = [];
      const failing$ = cold('-#', {}, new StoreError('unavailable', 'later'));
      const refusing$ = cold('-#', {}, new StoreError('refused', 'never'));
      const done$ = cold('---|');
      const batches: string[] = [];
      const run = (keys: readonly Uuid[]) => {
        batches.push(keys.map(nameOf).join());
        return keys.includes(eve) ? refusing$ : keys.includes(alice) && batches.length === 1 ? failing$ : done$;
      };
      const keys$ = hot('(abcde|)', { a: alice, b: bob, c: carol, d: dave, e: eve });
      const result$ = keys$.pipe(
        coalesceInBatches(
          run,
          calls.inBatches('readBindings', (key, error) => givenUp.push(`${nameOf(key)}: ${String(error)}`)),
        ),
      );
      expectObservable(result$).toBe('504ms |');
      expectSubscriptions(failing$.subscriptions).toBe(' ^!');
      expectSubscriptions(refusing$.subscriptions).toBe('-^!');
      expectSubscriptions(done$.subscriptions).toBe([' ^--!', '501ms ^--!']);
      onTime(scheduler)(600, () => {
        expect(batches).to.deep.equal(['alice,bob', 'carol,dave', 'eve', 'alice,bob']);
        expect(givenUp).to.deep.equal(['eve: StoreError: never']);
      });
    }),
  );

  it('are paced where peers come, go, and change their tunnels', () => {
    const { store } = memoryDatabase();
    const tuning = { maxBatchSize: 10, maxBatchesInFlight: 2, batchSpacing: 7 };
    const calls = storeCallsOn(store, asyncScheduler, { tuning });
    const paceOf = (work: Work) => calls.inBatches(work, () => undefined).pace;
    for (const work of ['writeBindings', 'writeTunnels', 'readTunnels'] as const) {
      expect(paceOf(work), work).to.deep.equal({ period: 7, burst: 10 });
    }
    for (const work of ['readBindings', 'leftovers'] as const) expect(paceOf(work)?.period, work).to.equal(0);
  });
});
