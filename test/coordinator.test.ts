import { expect } from 'chai';
import { NEVER, Subject, concat, endWith, map, of } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { createCoordinator } from '../src/coordinator.js';
import type { CoordinateRequest } from '../src/proto/gen/tailnet.js';
import { requests } from '../src/proto/requests.js';
import { peerIdOf } from '../src/proto/responses.js';
import { encodeNode } from '../src/proto/node.js';
import { uuidFromBytes } from '../src/proto/uuid.js';
import { aNode, alice, bob, carol, dave, marbles, memoryDatabase, nameOf, north, south } from '../src/testing/index.js';
import { logbook } from './streams/support/logbook.js';
import { onTime } from './streams/support/onTime.js';
import { virtualPeer } from './support/virtualPeer.js';

/** Many peers, in the order of their ids. */
const crowd = (count: number) =>
  Array.from({ length: count }, (_, index) =>
    uuidFromBytes(Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, index >> 8, index & 255)),
  );

describe('a coordinator', () => {
  it(
    'tells a peer what becomes of another one, within the turn where nothing takes time',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const [first, second] = [createCoordinator(), createCoordinator()];
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(first, alice), virtualPeer(second, bob)];
      at(10, () => one.tunnel(bob));
      at(20, () => other.derp(2));
      at(30, () => other.derp(3));
      at(40, () => other.drop());
      at(50, () => virtualPeer(second, bob).derp(3));
      at(60, () => one.removeTunnel(bob));
      expectObservable(one.heard$).toBe('20ms n 9ms u 9ms l 9ms f 9ms d', {
        n: 'bob NODE derp 2 (new)',
        u: 'bob NODE derp 3 (update)',
        l: 'bob LOST derp 3 (lost)',
        f: 'bob NODE derp 3 (found)',
        d: 'bob DISCONNECTED (disconnected)',
      });
    }),
  );

  it(
    'needs one write, one notification and one read for it where these take time',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const database = memoryDatabase({ scheduler, latency: 10, busLatency: 3 });
      const [first, second] = [createCoordinator({ database }), createCoordinator({ database })];
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(first, alice), virtualPeer(second, bob)];
      at(100, () => one.tunnel(bob));
      at(200, () => other.derp(2));
      // Written at 205, heard at 208, read by 218.
      expectObservable(one.heard$).toBe('218ms n', { n: 'bob NODE derp 2 (new)' });
    }),
  );

  it(
    'ends a burst of updates with the last, in one statement: what is written here need not be read here',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const database = memoryDatabase({ scheduler, latency: 10, busLatency: 3 });
      const coordinator = createCoordinator({ database });
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(coordinator, alice), virtualPeer(coordinator, bob)];
      const asked: string[] = [];
      at(100, () => one.tunnel(bob));
      at(200, () => {
        database.faults.calls$.subscribe(({ method }) => asked.push(method));
        for (let derp = 1; derp <= 1000; derp++) other.derp(derp);
      });
      at(1000, () => {
        expect(asked.filter((method) => method === 'writeBindings')).to.have.lengthOf(1);
        expect(asked).not.to.include('readBindings');
      });
      // Written and announced at 205, heard at 208, answered at 210.
      expectObservable(one.heard$).toBe('210ms n', { n: 'bob NODE derp 1000 (new)' });
    }),
  );

  it(
    'listens to requests within the subscription, so that none of a Subject is missed',
    marbles(({ createCoordinator, cold }) => {
      const coordinator = createCoordinator({ close$: cold('100ms x') });
      const requests$ = new Subject<CoordinateRequest>();
      const connection = coordinator.coordinate$(alice, requests$).subscribe();
      expect(requests$.observed).to.equal(true);
      connection.unsubscribe();
      expect(requests$.observed).to.equal(false);
    }),
  );

  it(
    'takes requests while it starts, and writes them once its own row is there',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const wire = database.connect({ latency: 100 });
      const coordinator = createCoordinator({ database: wire });
      const one = virtualPeer(coordinator, alice);
      one.derp(1);
      one.tunnel(bob);
      const at = onTime(scheduler);
      at(99, () => expect(database.rows.peers()).to.deep.equal([]));
      at(250, () => {
        expect(database.rows.peers().map(({ peerId }) => peerId)).to.deep.equal([alice]);
        expect(database.rows.tunnels()).to.have.lengthOf(1);
      });
      expectObservable(coordinator.health$).toBe('s 99ms h', { s: 'starting', h: 'healthy' });
    }),
  );

  it(
    'shows a peer with a tunnel to itself its own node',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const one = virtualPeer(createCoordinator(), alice);
      const at = onTime(scheduler);
      at(10, () => one.tunnel(alice));
      at(20, () => one.derp(1));
      at(30, () => one.derp(2));
      at(40, () => one.removeTunnel(alice));
      expectObservable(one.heard$).toBe('20ms n 9ms u 9ms d', {
        ...{ n: 'alice NODE derp 1 (new)', u: 'alice NODE derp 2 (update)', d: 'alice DISCONNECTED (disconnected)' },
      });
    }),
  );

  it(
    'counts a goodbye followed by unsubscribing at once as one, also where it takes time to write it',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator({ database: database.connect({ latency: 10 }) });
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(coordinator, alice), virtualPeer(coordinator, bob)];
      at(100, () => {
        one.tunnel(bob);
        other.tunnel(alice, carol);
        other.derp(2);
      });
      at(200, () => {
        other.goodbye();
        other.drop();
      });
      at(300, () => {
        expect(database.rows.peers(bob)).to.deep.equal([]);
        expect(database.rows.tunnels().map(({ src }) => nameOf(src))).to.deep.equal(['alice']);
      });
      expectObservable(one.heard$.pipe(map((words) => words.split(' ')[1]))).toBe('120ms n 94ms d', {
        ...{ n: 'NODE', d: 'DISCONNECTED' },
      });
    }),
  );

  it(
    'leaves no row of a peer that says all at once and goes',
    marbles(({ createCoordinator, database, scheduler }) => {
      const coordinator = createCoordinator({ database: database.connect({ latency: 10 }) });
      const at = onTime(scheduler);
      at(100, () => {
        const one = virtualPeer(coordinator, alice);
        one.derp(1);
        one.tunnel(bob, carol, dave);
        one.goodbye();
      });
      at(105, () => virtualPeer(coordinator, bob, {}).derp(1));
      at(400, () => {
        expect(database.rows.peers(alice)).to.deep.equal([]);
        expect(database.rows.tunnels()).to.deep.equal([]);
        expect(database.rows.peers(bob)).to.have.lengthOf(1);
      });
    }),
  );

  it(
    'ends the older of two connections of a peer, and keeps the node of the newer one',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator({ database: database.connect({ latency: 10 }) });
      const at = onTime(scheduler);
      const [older, other] = [virtualPeer(coordinator, alice), virtualPeer(coordinator, bob)];
      at(100, () => {
        other.tunnel(alice);
        older.derp(1);
      });
      at(200, () => virtualPeer(coordinator, alice).derp(2));
      at(201, () => older.derp(3));
      at(300, () => expect(database.rows.peers(alice).map(({ status }) => status)).to.deep.equal(['ok']));
      expectObservable(older.heard$).toBe('200ms (oe)', {
        ...{ o: 'error: peer ID overwritten by new connection', e: 'end' },
      });
      // The write at 205 is heard at once, with the row.
      expectObservable(other.heard$).toBe('120ms n 84ms u', {
        n: 'alice NODE derp 1 (new)',
        u: 'alice NODE derp 2 (update)',
      });
    }),
  );

  it(
    'tells both ends that a tunnel has gone which was asked for twice, by the connection that opened it first',
    marbles(({ createCoordinator, database, scheduler }) => {
      const coordinator = createCoordinator({ database: database.connect({ latency: 10, busLatency: 9 }) });
      const at = onTime(scheduler);
      const [one, other, third] = [
        virtualPeer(coordinator, alice),
        virtualPeer(coordinator, bob),
        virtualPeer(coordinator, carol),
      ];
      at(50, () => other.derp(1));
      at(60, () => one.derp(1));
      at(100, () => one.tunnel(bob));
      // The hint about the first one comes while the second is under way.
      at(110, () => one.tunnel(bob));
      // So that the connection of the first has its turn again.
      at(200, () => third.derp(1));
      at(300, () => third.derp(2));
      at(400, () => one.removeTunnel(bob));
      at(1000, () => {
        expect(one.heard.at(-1)).to.equal('bob DISCONNECTED (disconnected)');
        expect(other.heard.at(-1)).to.equal('alice DISCONNECTED (disconnected)');
      });
    }),
  );

  it(
    'tells a receiver that was never ready what is true when it is, and of nothing that came and went',
    marbles(({ createCoordinator, scheduler, cold, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const ready$ = cold('n 998ms y', { n: false, y: true });
      const one = virtualPeer(coordinator, alice, { ready$ });
      const [two, three] = [virtualPeer(coordinator, bob), virtualPeer(coordinator, carol)];
      at(10, () => one.tunnel(bob, carol, dave));
      at(20, () => two.derp(1));
      at(30, () => three.derp(1));
      at(40, () => two.derp(2));
      at(50, () => three.goodbye());
      expectObservable(one.heard$).toBe('999ms n', { n: 'bob NODE derp 2 (new)' });
    }),
  );

  it(
    'gives a receiver that stalls while 2,000 updates pass the final state of each peer once',
    marbles(({ createCoordinator, scheduler }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const ready$ = new Subject<boolean>();
      const one = virtualPeer(coordinator, alice, { ready$ });
      const others = [bob, carol, dave].map((id) => virtualPeer(coordinator, id));
      at(10, () => {
        one.tunnel(bob, carol, dave);
        others.forEach((other) => other.derp(1));
      });
      at(11, () => ready$.next(false));
      for (let step = 0; step < 2000; step++) at(20 + step, () => others[step % 3]?.derp(step));
      at(3000, () => {
        // What was written in one statement was read in one, too.
        const [first, ...more] = one.heard.splice(0);
        expect(first?.split(', ')).to.have.members([
          ...['bob NODE derp 1 (new)', 'carol NODE derp 1 (new)', 'dave NODE derp 1 (new)'],
        ]);
        expect(more).to.deep.equal([]);
        ready$.next(true);
        expect(one.heard).to.have.lengthOf(1);
        expect(one.heard[0]?.split(', ')).to.have.members([
          ...['bob NODE derp 1998 (update)', 'carol NODE derp 1999 (update)', 'dave NODE derp 1997 (update)'],
        ]);
      });
    }),
  );

  it(
    'tells of more than 1,024 peers in several responses, each of them once',
    marbles(({ createCoordinator, database, scheduler }) => {
      const coordinator = createCoordinator({ database: database.connect({ latency: 10 }) });
      const peers = crowd(1500);
      const at = onTime(scheduler);
      const updates: number[] = [];
      const ids = new Set<string>();
      at(100, () => {
        const { store } = database;
        const writer = { coordinatorId: north, expiry: 6000 };
        const node = encodeNode(aNode());
        store
          .writeBindings(
            writer,
            peers.map((peerId) => ({ kind: 'node', peerId, node })),
          )
          .subscribe();
        store
          .writeTunnels(writer, { add: peers.map((src) => ({ src, dst: alice })), remove: [], clear: [] })
          .subscribe();
      });
      const ready$ = new Subject<boolean>();
      at(200, () => {
        coordinator.coordinate$(alice, NEVER, { ready$ }).subscribe((response) => {
          updates.push(response.peerUpdates.length);
          for (const update of response.peerUpdates) ids.add(peerIdOf(update));
        });
        ready$.next(false);
      });
      at(1000, () => ready$.next(true));
      at(2000, () => {
        expect(updates).to.deep.equal([1024, 476]);
        expect(ids).to.deep.equal(new Set(peers));
      });
    }),
  );

  it(
    'reads a bad node row as none, says so once, and serves all the others',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const book = logbook();
      const coordinator = createCoordinator({ logger: book.logger });
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(coordinator, alice), virtualPeer(coordinator, bob)];
      at(10, () => {
        database.store.heartbeat(south).subscribe();
        database.rows.putPeer({
          peerId: carol,
          coordinatorId: south,
          updatedAt: 7,
          node: Uint8Array.of(255, 255),
          status: 'ok',
        });
        one.tunnel(carol, bob);
        other.derp(2);
      });
      at(20, () => other.derp(3));
      // Looked at again and again.
      for (const time of [1000, 2000, 3000]) at(time, () => database.faults.gap());
      at(5000, () => {
        expect(book.lines.filter((line) => line.startsWith('error'))).to.deep.equal([
          'error node in the database cannot be decoded',
        ]);
        expect(book.entries.find(({ level }) => level === 'error')).to.include({
          peer_id: carol,
          of_coordinator_id: south,
        });
      });
      expectObservable(one.heard$).toBe('10ms n 9ms u', { n: 'bob NODE derp 2 (new)', u: 'bob NODE derp 3 (update)' });
    }),
  );

  it(
    'passes acknowledgements on, wherever the other one is',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const [first, second] = [createCoordinator(), createCoordinator()];
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(first, alice), virtualPeer(second, bob)];
      at(10, () => {
        one.derp(1);
        other.derp(2);
        one.tunnel(bob);
      });
      at(20, () => other.ready(alice));
      at(30, () => one.ready(carol));
      expectObservable(one.heard$).toBe('10ms n 9ms r 9ms e', {
        ...{
          n: 'bob NODE derp 2 (new)',
          r: 'bob READY_FOR_HANDSHAKE',
          e: `error: you do not share a tunnel with "${carol}"`,
        },
      });
    }),
  );

  it(
    'answers what the newest node of a peer is, lost or not',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const [first, second] = [createCoordinator(), createCoordinator()];
      const at = onTime(scheduler);
      at(10, () => {
        const one = virtualPeer(first, alice);
        one.derp(1);
        at(15, () => {
          one.drop();
        });
      });
      const derp$ = (id: string) =>
        first.node$(id).pipe(
          map((node) => node?.preferredDerp),
          endWith('end'),
        );
      expectObservable(derp$(bob), '20ms ^').toBe('20ms (ae|)', { a: undefined, e: 'end' });
      expectObservable(derp$(alice.toUpperCase()), '20ms ^').toBe('20ms (ae|)', { a: 1, e: 'end' });
      at(30, () => virtualPeer(second, alice).derp(2));
      expectObservable(derp$(alice), '40ms ^').toBe('40ms (ae|)', { a: 2, e: 'end' });
      at(50, () => {
        database.rows.putPeer({
          peerId: alice,
          coordinatorId: south,
          updatedAt: 9e9,
          node: Uint8Array.of(255),
          status: 'ok',
        });
      });
      expectObservable(derp$(alice), '60ms ^').toBe('60ms (ae|)', { a: 1, e: 'end' });
    }),
  );

  it('refuses what is no UUID at once', () => {
    marbles(({ createCoordinator }) => {
      const coordinator = createCoordinator();
      for (const call of ['coordinate$', 'node$', 'multiAgent'] as const) {
        expect(() => coordinator[call]('alice'), call).to.throw(TypeError, 'not a UUID: "alice"');
      }
      expect(() => createCoordinator({ id: 'north' })).to.throw(TypeError, 'not a UUID: "north"');
      expect(() => createCoordinator({ tuning: { heartbeatPeriod: 0 } })).to.throw(RangeError, /^tuning: /);
    })();
  });

  it('takes an id in upper case for the same peer', () => {
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const one = virtualPeer(coordinator, alice);
      onTime(scheduler)(10, () => virtualPeer(coordinator, alice.toUpperCase()));
      expectObservable(one.heard$).toBe('10ms (oe)', { o: 'error: peer ID overwritten by new connection', e: 'end' });
    })();
  });

  it('does not harm others when somebody breaks that it calls', () => {
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const one = virtualPeer(coordinator, alice);
      const broken = virtualPeer(coordinator, bob, {
        auth: ({ disconnect }) => {
          if (disconnect) throw new TypeError('oops');
        },
      });
      at(10, () => {
        one.tunnel(bob, carol);
        broken.derp(2);
      });
      at(20, () => broken.goodbye());
      at(30, () => virtualPeer(coordinator, carol).derp(3));
      expectObservable(broken.heard$).toBe('20ms (ie)', { i: 'error: internal coordinator error', e: 'end' });
      expectObservable(one.heard$).toBe('10ms b 9ms l 9ms c', {
        ...{ b: 'bob NODE derp 2 (new)', l: 'bob LOST derp 2 (lost)', c: 'carol NODE derp 3 (new)' },
      });
    })();
  });

  it('that is never closed in virtual time fails with a sentence that says what to do, instead of hanging', () => {
    expect(() =>
      new TestScheduler(() => undefined).run(() => {
        createCoordinator({ database: memoryDatabase(), random: () => 0.5, tuning: { heartbeatPeriod: 600_000 } })
          .coordinate$(alice, concat(of(requests.addTunnel(bob)), NEVER))
          .subscribe();
      }),
    ).to.throw(/^this coordinator was never closed: .* give createCoordinator a close\$ that emits, or call close\(\)/);
  });
});
