import { expect } from 'chai';
import { type Observable, merge } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { StoreError, type Uuid } from '../../src/db/store.js';
import { encodeNode } from '../../src/proto/node.js';
import { holdBytes } from '../../src/proto/nodeBytes.js';
import { uuidFromBytes } from '../../src/proto/uuid.js';
import { createBinder } from '../../src/streams/binder.js';
import { LateTunnels } from '../../src/streams/lateTunnels.js';
import { checkOwnRows$ } from '../../src/streams/ownRows.js';
import { type Tunneler, createTunneler } from '../../src/streams/tunneler.js';
import { aNode, alice, bob, carol, dave, marbles, nameOf, north, south } from '../../src/testing/index.js';
import { statementsOf } from './support/describeCall.js';
import { logbook } from './support/logbook.js';
import { noGoodbyes } from './support/noGoodbyes.js';
import { northsDatabase } from './support/northsDatabase.js';
import { onTime } from './support/onTime.js';
import { storeCallsOn } from './support/storeCallsOn.js';

const encoded = (of: Uuid, derp: number) => encodeNode(aNode({ of, derp }));

/** North with these peers connected, each with a node and a tunnel to carol; all of it is written by 11 ms. */
const setUp = (
  scheduler: TestScheduler,
  peers: readonly Uuid[],
  around: (tunneler: Tunneler) => Tunneler = (tunneler) => tunneler,
) => {
  const database = northsDatabase(scheduler);
  const { logger, lines } = logbook();
  const calls = storeCallsOn(database.store, scheduler);
  const binder = createBinder(calls, logger, () => false);
  const tunneler = around(createTunneler(calls, logger, noGoodbyes, new LateTunnels()));
  const connected = new Set(peers);
  merge(binder.written$, tunneler.written$).subscribe();
  const at = onTime(scheduler);
  at(1, () => {
    for (const peerId of peers) {
      binder.accept({ kind: 'node', peerId, node: holdBytes(encoded(peerId, 1)) });
      tunneler.accept({ kind: 'add', src: peerId, dst: carol });
    }
  });
  const check$: Observable<never> = checkOwnRows$({
    ...{ store: database.store, calls, binder, tunneler, coordinatorId: north, scheduler, logger },
  });
  const rows = () => [
    ...database.rows
      .peers()
      .map(({ peerId, coordinatorId, status }) => `${nameOf(peerId)}@${nameOf(coordinatorId)} ${status}`),
    ...database.rows.tunnels().map(({ src, dst }) => `${nameOf(src)}>${nameOf(dst)}`),
  ];
  return {
    ...{ lines, tunneler },
    database,
    tables: database.rows,
    binder,
    tunneler,
    connected,
    check$,
    at,
    rows,
    statements$: statementsOf(database),
  };
};

const letters = {
  b: 'readOwnBindings',
  t: 'readOwnTunnels',
  A: 'write alice 1',
  B: 'write bob 1',
  X: 'tunnels +alice>carol',
  Y: 'tunnels +bob>carol',
  d: 'bindings of dave',
  D: 'write dave lost',
};
/** What is written at first. */
const start = '-(wT)';
const starting = { ...letters, w: 'write alice 1, bob 1', T: 'tunnels +alice>carol +bob>carol' };

describe('checkOwnRows$', () => {
  it(
    'reads, and writes nothing where all is as it should be',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, statements$ } = setUp(scheduler, [alice, bob]);
      expectObservable(check$, '20ms ^').toBe('40ms |');
      expectObservable(statements$).toBe(`${start} 15ms b 9ms t`, starting);
    }),
  );

  it(
    'has written again what is missing',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, at, tables, rows, statements$ } = setUp(scheduler, [alice, bob]);
      at(15, () => {
        tables.deletePeer(alice);
        tables.deleteTunnels(bob);
      });
      expectObservable(check$, '20ms ^').toBe('40ms |');
      expectObservable(statements$).toBe(`${start} 15ms b 9ms (tA) 6ms Y`, starting);
      at(60, () => expect(rows()).to.have.members(['alice@north ok', 'bob@north ok', 'alice>carol', 'bob>carol']));
    }),
  );

  it(
    'has written again what has gone back in time, or was marked lost by others',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, at, tables, binder, database, statements$ } = setUp(scheduler, [alice, bob]);
      at(15, () => {
        const [row] = tables.peers(alice);
        tables.putPeer({ ...row!, updatedAt: row!.updatedAt - 1, node: encoded(alice, 7) });
        tables.putPeer({ ...tables.peers(bob)[0]!, status: 'lost' });
      });
      expectObservable(check$, '20ms ^').toBe('40ms |');
      expectObservable(statements$).toBe(`${start} 15ms b 9ms (tz)`, { ...starting, z: starting.w });
      at(60, () => {
        expect(tables.peers().map(({ status }) => status)).to.deep.equal(['ok', 'ok']);
        expect(binder.writtenAt(alice)).to.equal(database.rows.peers(alice)[0]?.updatedAt);
      });
    }),
  );

  it(
    'lets alone what is written while it reads',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, at, tables, binder, statements$ } = setUp(scheduler, [alice, bob]);
      at(15, () => tables.deletePeer(alice));
      at(28, () => binder.accept({ kind: 'node', peerId: alice, node: holdBytes(encoded(alice, 2)) }));
      expectObservable(check$, '20ms ^').toBe('40ms |');
      expectObservable(statements$).toBe(`${start} 15ms b 7ms n-t`, { ...starting, n: 'write alice 2' });
    }),
  );

  it(
    'marks a row lost whose peer is not here, unless it is lost already or just being written',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, at, tables, rows, statements$ } = setUp(scheduler, [alice, bob]);
      const row = { coordinatorId: north, updatedAt: 5, status: 'ok' } as const;
      at(15, () => {
        tables.putPeer({ ...row, peerId: dave, node: encoded(dave, 3) });
        tables.putPeer({ ...row, peerId: carol, node: encoded(carol, 3), status: 'lost' });
      });
      expectObservable(check$, '20ms ^').toBe('50ms |');
      expectObservable(statements$).toBe(`${start} 15ms b 9ms d 9ms (tD)`, starting);
      at(60, () => expect(rows()).to.include.members(['dave@north lost', 'carol@north lost', 'alice@north ok']));
    }),
  );

  it(
    'keeps the row of a peer that publishes while it looks',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, at, tables, rows, binder, statements$ } = setUp(scheduler, [alice, bob]);
      const row = { coordinatorId: north, updatedAt: 5, status: 'ok' } as const;
      at(15, () => tables.putPeer({ ...row, peerId: dave, node: encoded(dave, 3) }));
      at(35, () => binder.accept({ kind: 'node', peerId: dave, node: holdBytes(encoded(dave, 4)) }));
      expectObservable(check$, '20ms ^').toBe('50ms |');
      expectObservable(statements$).toBe(`${start} 15ms b 9ms d 4ms n 4ms t`, { ...starting, n: 'write dave 4' });
      at(60, () => expect(rows()).to.include('dave@north ok'));
    }),
  );

  it(
    'touches no row of others, and no tunnel that nobody here asked for',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, at, tables, database, statements$ } = setUp(scheduler, [alice, bob]);
      at(15, () => {
        database.tables.store.heartbeat(south).subscribe();
        tables.putPeer({ coordinatorId: south, updatedAt: 5, status: 'ok', peerId: dave, node: encoded(dave, 3) });
        database.tables.store
          .writeTunnels(
            { coordinatorId: north, expiry: 6000 },
            { add: [{ src: dave, dst: bob }], remove: [], clear: [] },
          )
          .subscribe();
      });
      expectObservable(check$, '20ms ^').toBe('40ms |');
      expectObservable(statements$).toBe(`${start} 15ms b 9ms t`, starting);
    }),
  );

  it(
    'has removed again what its source removed, as long as the source is here',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, at, tunneler, rows, database } = setUp(scheduler, [alice, bob]);
      const { store } = database.tables;
      const restore = () =>
        store
          .writeTunnels(
            { coordinatorId: north, expiry: 6000 },
            { add: [alice, bob].map((src) => ({ src, dst: carol })), remove: [], clear: [] },
          )
          .subscribe();
      at(15, () => {
        for (const src of [alice, bob]) tunneler.accept({ kind: 'remove', src, dst: carol });
      });
      at(30, () => tunneler.accept({ kind: 'release', src: bob }));
      at(35, restore);
      expectObservable(check$, '40ms ^').toBe('60ms |');
      at(80, () => expect(rows()).to.include('bob>carol').and.not.include('alice>carol'));
    }),
  );

  it(
    'reads all bindings at once, and tunnels page after page',
    marbles(({ scheduler, expectObservable }) => {
      const peers = Array.from({ length: 2001 }, (_, index) =>
        uuidFromBytes(
          Uint8Array.from({ length: 16 }, (_unused, byte) =>
            byte === 15 ? index & 255 : byte === 14 ? index >> 8 : 1,
          ),
        ),
      );
      const { check$, at, tables, database } = setUp(scheduler, peers);
      at(90, () => {
        tables.deletePeer(peers[1500]!);
        tables.deleteTunnels(peers[2000]!);
      });
      expectObservable(check$, '100ms ^').toBe('140ms |');
      const pages: string[] = [];
      at(99, () => {
        database.faults.calls$.subscribe(({ method, args }) => pages.push(`${method} ${String(args[2] ?? '')}`.trim()));
      });
      at(200, () => {
        expect(pages).to.deep.equal([
          ...['readOwnBindings', 'readOwnTunnels 1000', 'writeBindings'],
          ...['readOwnTunnels 1000', 'readOwnTunnels 1000', 'writeTunnels'],
        ]);
        expect([tables.peers().length, tables.tunnels().length]).to.deep.equal([2001, 2001]);
      });
    }),
  );

  for (const [what, reason, expected] of [
    ['says when all of it has been compared, and when it had begun', 'unavailable', ['20 begins', '550 compared']],
    ['does not say so where it is given up', 'refused', ['20 begins']],
  ] as const) {
    it(
      what,
      marbles(({ scheduler, expectObservable }) => {
        const told: string[] = [];
        const tell = (word: string) => told.push(`${scheduler.now()} ${word}`);
        const { check$, at, database } = setUp(scheduler, [alice, bob], (tunneler) => ({
          ...tunneler,
          checkBegins: () => {
            tell('begins');
            return () => tell('compared');
          },
        }));
        at(15, () => database.faults.failNext('readOwnTunnels', 1, new StoreError(reason, 'no')));
        expectObservable(check$, '20ms ^').toBe(reason === 'refused' ? '40ms |' : '550ms |');
        at(600, () => expect(told).to.deep.equal(expected));
      }),
    );
  }

  it(
    'reads again what fails',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, at, database, statements$ } = setUp(scheduler, [alice, bob]);
      at(15, () => database.faults.failNext(undefined, 1));
      expectObservable(check$, '20ms ^').toBe('550ms |');
      expectObservable(statements$).toBe(`${start} 15ms b 509ms b 9ms t`, starting);
    }),
  );

  it(
    'is given up, and said so, when a store refuses what cannot be refused',
    marbles(({ scheduler, expectObservable }) => {
      const { check$, at, database, lines } = setUp(scheduler, [alice]);
      at(15, () => database.faults.failNext('readOwnBindings', 1, new StoreError('refused', 'never')));
      expectObservable(check$, '20ms ^').toBe('30ms |');
      at(100, () => {
        expect(lines).to.deep.equal(['error check of the own rows given up until the next one']);
      });
    }),
  );
});
