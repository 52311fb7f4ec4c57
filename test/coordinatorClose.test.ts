import { expect } from 'chai';
import { NEVER, Observable, Subject, filter, map, of, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { channels } from '../src/db/bus.js';
import { createCoordinator } from '../src/coordinator.js';
import type { BusEvent } from '../src/db/bus.js';
import { requests } from '../src/proto/requests.js';
import {
  type MemoryDatabase,
  alice,
  bob,
  carol,
  dave,
  marbles,
  memoryDatabase,
  nameOf,
  north,
  south,
} from '../src/testing/index.js';
import { logbook } from './streams/support/logbook.js';
import { onTime } from './streams/support/onTime.js';
import { virtualPeer } from './support/virtualPeer.js';

const letters = { s: 'starting', h: 'healthy', u: 'unhealthy', c: 'closing', d: 'closed' };

const statuses = ({ rows }: MemoryDatabase) => rows.peers().map(({ peerId, status }) => `${nameOf(peerId)} ${status}`);

/** The same database, and who listens on it. */
const overheard = (database: MemoryDatabase) => {
  const listening = new Set<string>();
  const listen$ = (channel: string) =>
    new Observable<BusEvent>((subscriber) => {
      listening.add(channel);
      subscriber.add(() => listening.delete(channel));
      subscriber.add(database.bus.listen$(channel).subscribe(subscriber));
    });
  return { listening, wire: { ...database, bus: { ...database.bus, listen$ } } };
};

describe('closing a coordinator', () => {
  it(
    'ends every connection, marks the own peers lost, and keeps the own row',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const book = logbook();
      const [first, second] = [createCoordinator({ logger: book.logger }), createCoordinator()];
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(first, alice), virtualPeer(second, bob)];
      at(10, () => {
        one.tunnel(bob);
        one.derp(1);
        other.derp(2);
      });
      at(100, () => void second.close());
      expectObservable(other.heard$).toBe('10ms n 89ms (ce)', {
        ...{ n: 'alice NODE derp 1 (new)', c: 'error: coordinator closed', e: 'end' },
      });
      // Not DISCONNECTED: working tunnels stay.
      expectObservable(one.heard$).toBe('10ms n 89ms l', { n: 'bob NODE derp 2 (new)', l: 'bob LOST derp 2 (lost)' });
      expectObservable(second.health$).toBe('h 99ms (cd|)', letters);
      at(101, () => {
        expect(database.rows.coordinators().map(({ id }) => id)).to.deep.equal([north, south]);
        expect(statuses(database)).to.have.members(['alice ok', 'bob lost']);
      });
      // The row does not say that it was stopped in order: to the others it is like one that fell silent.
      at(10_000, () => {
        const changes = book.entries.filter(({ msg }) => msg === 'live coordinators changed');
        expect(changes.at(-1)).to.deep.include({ live: [north], silent: [south] });
      });
    }),
  );

  it(
    'ends connections one after the other over a spread, each lost as it goes, and lets nobody in meanwhile',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const [first, second] = [createCoordinator(), createCoordinator()];
      const at = onTime(scheduler);
      const one = virtualPeer(first, alice);
      const others = [virtualPeer(second, bob), virtualPeer(second, carol)] as const;
      at(10, () => {
        one.tunnel(bob);
        one.tunnel(carol);
        others[0].derp(2);
        others[1].derp(3);
      });
      at(100, () => void second.close({ spread: 1000 }));
      at(200, () => expect(statuses(database)).to.have.members(['bob lost', 'carol ok']));
      expectObservable(others[0].heard$).toBe('100ms (ce)', { c: 'error: coordinator closed', e: 'end' });
      expectObservable(others[1].heard$).toBe('600ms (ce)', { c: 'error: coordinator closed', e: 'end' });
      expectObservable(one.heard$, '^ 20ms !').toBe('10ms b', {
        b: 'bob NODE derp 2 (new), carol NODE derp 3 (new)',
      });
      expectObservable(one.heard$, '50ms ^').toBe('100ms b 499ms c', {
        ...{ b: 'bob LOST derp 2 (lost)', c: 'carol LOST derp 3 (lost)' },
      });
      expectObservable(second.health$).toBe('h 99ms c 499ms (d|)', letters);
      at(300, () => {
        const late = virtualPeer(second, dave);
        expect(late.heard).to.deep.equal(['error: coordinator closed', 'end']);
      });
    }),
  );

  it(
    'ends those who are left at once when it is asked to close again without a spread',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const peers = [virtualPeer(coordinator, alice), virtualPeer(coordinator, bob)] as const;
      at(100, () => void coordinator.close({ spread: 60_000 }));
      at(200, () => void coordinator.close());
      expectObservable(peers[0].heard$).toBe('100ms (ce)', { c: 'error: coordinator closed', e: 'end' });
      expectObservable(peers[1].heard$).toBe('200ms (ce)', { c: 'error: coordinator closed', e: 'end' });
      expectObservable(coordinator.health$).toBe('h 99ms c 99ms (d|)', letters);
      for (const spread of [-1, NaN, Infinity]) {
        const problem = `spread must be a number from 0, got ${String(spread)}`;
        expect(() => void coordinator.close({ spread })).to.throw(RangeError, problem);
      }
    }),
  );

  it(
    'first ends connections, then writes what was accepted, then marks the peers lost, and beats until then',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const wire = database.connect({ latency: 100 });
      const coordinator = createCoordinator({ database: wire });
      const at = onTime(scheduler);
      const one = virtualPeer(coordinator, alice);
      at(1950, () => one.derp(1));
      at(1960, () => one.derp(2));
      at(1980, () => one.tunnel(bob));
      at(1990, () => void coordinator.close());
      const asked$ = wire.faults.calls$.pipe(map(({ method }) => method));
      expectObservable(asked$, '1900ms ^').toBe('1950ms w 29ms t 19ms b 49ms w 99ms l', {
        ...{ w: 'writeBindings', t: 'writeTunnels', b: 'heartbeat', l: 'loseBindings' },
      });
      expectObservable(one.heard$).toBe('1990ms (ce)', { c: 'error: coordinator closed', e: 'end' });
      expectObservable(coordinator.health$).toBe('s 99ms h 1889ms c 259ms (d|)', letters);
      at(3000, () => {
        expect(statuses(database)).to.deep.equal(['alice lost']);
        expect(database.rows.tunnels()).to.have.lengthOf(1);
      });
    }),
  );

  it(
    'still writes the goodbye of a peer that said it before',
    marbles(({ createCoordinator, database, scheduler }) => {
      const coordinator = createCoordinator({ database: database.connect({ latency: 100 }) });
      const at = onTime(scheduler);
      const one = virtualPeer(coordinator, alice);
      at(500, () => {
        one.derp(1);
        one.tunnel(bob);
      });
      at(1000, () => {
        one.goodbye();
        void coordinator.close();
      });
      at(2000, () => {
        expect(statuses(database)).to.deep.equal([]);
        expect(database.rows.tunnels()).to.deep.equal([]);
      });
    }),
  );

  it(
    'happens once, however often it is asked for, and by whatever way',
    marbles(({ createCoordinator, database, scheduler, hot, expectObservable }) => {
      const close$ = hot('10s x 1s x|');
      const coordinator = createCoordinator({ database: database.connect({ latency: 100 }), close$ });
      const asked: string[] = [];
      const at = onTime(scheduler);
      const one = virtualPeer(coordinator, alice);
      at(5000, () => one.derp(1));
      at(9999, () => database.faults.calls$.subscribe(({ method }) => asked.push(method)));
      at(10_020, () => void coordinator.close());
      at(10_030, () => void coordinator[Symbol.asyncDispose]());
      at(11_000, () => {
        void coordinator.close();
        expect(asked.filter((method) => method === 'loseBindings')).to.have.lengthOf(1);
      });
      expectObservable(coordinator.health$).toBe('s 99ms h 9899ms c 99ms (d|)', letters);
    }),
  );

  it(
    'is asked for by a close$ that breaks, too, and done as if it had emitted',
    marbles(({ createCoordinator, database, hot, scheduler, expectObservable }) => {
      const { logger, lines } = logbook();
      const coordinator = createCoordinator({ close$: hot('10s #'), logger });
      const at = onTime(scheduler);
      const one = virtualPeer(coordinator, alice);
      at(100, () => one.derp(1));
      expectObservable(coordinator.health$).toBe('h 9999ms (cd|)', letters);
      at(20_000, () => {
        expect(statuses(database)).to.deep.equal(['alice lost']);
        expect(lines).to.include('error close$ failed; closing');
      });
    }),
  );

  it(
    'is not asked for by a close$ that only completes',
    marbles(({ createCoordinator, cold, expectObservable }) => {
      const coordinator = createCoordinator({ close$: cold('100ms |') });
      expectObservable(coordinator.health$).toBe('h', letters);
    }),
  );

  it(
    'can be asked for at once, and then takes nobody in',
    marbles(({ createCoordinator, expectObservable }) => {
      const states: string[] = [];
      const coordinator = createCoordinator({ close$: of('now') });
      coordinator.health$.subscribe({ next: (health) => states.push(health), complete: () => states.push('end') });
      const other = createCoordinator();
      other.health$.subscribe((health) => states.push(health));
      void other.close();
      expect(states).to.deep.equal(['closed', 'end', 'starting', 'closing', 'closed']);
      expectObservable(coordinator.coordinate$(alice).pipe(map(({ error }) => error))).toBe('(c|)', {
        c: 'coordinator closed',
      });
    }),
  );

  it(
    'ends connections as it was asked to by whoever heard first that it is unhealthy',
    marbles(({ createCoordinator, database, scheduler }) => {
      const wire = database.connect();
      const coordinator = createCoordinator({ database: wire, scheduler });
      const at = onTime(scheduler);
      coordinator.health$.subscribe((health) => {
        if (health === 'unhealthy') void coordinator.close({ spread: 9000 });
      });
      const peers = [alice, bob, carol, dave].map((id) => virtualPeer(coordinator, id));
      at(1000, () => wire.faults.goAway());
      at(30_000, () => {
        expect(peers.map(({ heard }) => heard.filter((words) => words.startsWith('error')))).to.deep.equal(
          peers.map(() => ['error: coordinator closed']),
        );
      });
    }),
  );

  it(
    'still says that it is closed, and who lived, to those who ask afterwards',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const coordinators = [createCoordinator(), createCoordinator()] as const;
      const at = onTime(scheduler);
      at(3000, () => void coordinators[0].close());
      at(4000, () => {
        expectObservable(coordinators[0].health$).toBe('4s (d|)', letters);
        expectObservable(coordinators[0].coordinators$).toBe('4s (b|)', { b: [north, south] });
      });
    }),
  );

  it(
    'comes to its end, and says so to everybody, though a peer could not be let go',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const { store, bus } = database.connect();
      const writeBindings: typeof store.writeBindings = (writer, writes) => {
        if (writes.some(({ kind }) => kind === 'lost')) throw new TypeError('a bug');
        return store.writeBindings(writer, writes);
      };
      const book = logbook();
      const coordinator = createCoordinator({
        ...{ database: { store: { ...store, writeBindings }, bus }, scheduler, logger: book.logger },
      });
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(coordinator, alice), virtualPeer(coordinator, bob)];
      at(10, () => {
        one.derp(1);
        other.derp(2);
        one.tunnel(bob);
      });
      at(1000, () => other.drop());
      at(2000, () => {
        expect(
          book.entries.filter(({ level }) => level === 'error').map(({ msg, peer_id: id }) => [msg, id]),
        ).to.deep.equal([['binding given up', bob]]);
        one.derp(3);
      });
      at(3000, () => {
        expect(statuses(database)).to.include('alice ok');
        void coordinator.close();
      });
      at(4000, () => expect(one.heard.at(-1)).to.match(/coordinator closed|end/));
      expectObservable(coordinator.health$.pipe(filter((health) => health === 'closed'))).toBe('3s (d|)', letters);
    }),
  );

  it(
    'asks the database nothing where nothing was written',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      at(1000, () => database.faults.hang());
      at(1500, () => void coordinator.close());
      expectObservable(coordinator.health$).toBe('h 1499ms (cd|)', letters);
    }),
  );

  it('resolves each promise when it is done, and completes what was watched', async () => {
    const order: string[] = [];
    const promises: Promise<unknown>[] = [];
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator({ database: database.connect({ latency: 10 }) });
      const at = onTime(scheduler);
      const one = virtualPeer(coordinator, alice);
      at(50, () => one.derp(1));
      at(100, () => promises.push(coordinator.close().then(() => order.push('first'))));
      at(101, () => promises.push(coordinator.close().then(() => order.push('second'))));
      at(200, () => promises.push(coordinator.close().then(() => order.push('third'))));
      expectObservable(coordinator.coordinators$, '50ms ^').toBe('50ms n 59ms |', { n: [north] });
    })();
    await Promise.all(promises);
    expect(order).to.have.members(['first', 'second', 'third']);
  });

  it(
    'refuses new connections from the first moment on',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator({ database: database.connect({ latency: 100 }) });
      const at = onTime(scheduler);
      const connect$ = coordinator.coordinate$(carol).pipe(map(({ error }) => error));
      at(1000, () => void coordinator.close());
      expectObservable(connect$, '1001ms ^').toBe('1001ms (c|)', { c: 'coordinator closed' });
      expectObservable(connect$, '5s ^').toBe('5s (c|)', { c: 'coordinator closed' });
      at(6000, () => expect(statuses(database)).to.deep.equal([]));
    }),
  );

  it(
    'gives up after closeTimeout when the database is away, and says so',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const book = logbook();
      const coordinator = createCoordinator({ logger: book.logger });
      const at = onTime(scheduler);
      const one = virtualPeer(coordinator, alice);
      at(10, () => one.derp(1));
      at(1000, () => database.faults.goAway());
      at(1100, () => one.derp(2));
      at(1500, () => void coordinator.close());
      expectObservable(coordinator.health$).toBe('h 1499ms c 14999ms (d|)', letters);
      expectObservable(one.heard$).toBe('1500ms (ce)', { c: 'error: coordinator closed', e: 'end' });
      at(20_000, () => {
        expect(book.lines).to.include('error own peers not marked lost in time; others will see it by the silence');
      });
    }),
  );

  it(
    'gives up after closeTimeout when the database hangs',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator({ tuning: { closeTimeout: 2000 } });
      const at = onTime(scheduler);
      const one = virtualPeer(coordinator, alice);
      at(10, () => one.derp(1));
      at(1000, () => database.faults.hang());
      at(1500, () => void coordinator.close());
      expectObservable(coordinator.health$).toBe('h 1499ms c 1999ms (d|)', letters);
    }),
  );

  it(
    'marks the peers lost as soon as the database is back',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator({ tuning: { initialBackoff: 60_000, maxBackoff: 60_000 } });
      const at = onTime(scheduler);
      const one = virtualPeer(coordinator, alice);
      at(10, () => one.derp(1));
      at(1000, () => database.faults.goAway());
      at(1500, () => void coordinator.close());
      at(5000, () => database.faults.comeBack());
      // The heartbeat at 6 s wakes what waits.
      expectObservable(coordinator.health$).toBe('h 1499ms c 4499ms (d|)', letters);
      at(7000, () => expect(statuses(database)).to.deep.equal(['alice lost']));
    }),
  );

  it('leaves nothing scheduled, nothing subscribed to, and nobody listening', () => {
    const database = memoryDatabase();
    const { wire, listening } = overheard(database);
    const clock = new TestScheduler(() => undefined);
    const released: string[] = [];
    clock.run(() => {
      const coordinator = createCoordinator({ database: wire, random: () => 0.5 });
      const at = onTime(clock);
      const ready$ = new Subject<boolean>();
      const requests$ = new Subject<ReturnType<typeof requests.disconnect>>();
      coordinator.coordinate$(alice, requests$, { ready$ }).subscribe({ complete: () => released.push('alice') });
      coordinator.coordinate$(bob, NEVER).subscribe({ complete: () => released.push('bob') });
      at(10, () => requests$.next(requests.addTunnel(bob)));
      at(1000, () => expect(listening.size).to.equal(Object.values(channels).length));
      at(5000, () => {
        void coordinator.close();
        expect([requests$.observed, ready$.observed]).to.deep.equal([false, false]);
        expect(listening.size).to.equal(0);
      });
    });
    expect(clock.actions).to.deep.equal([]);
    // Virtual time stands still at the last thing that was left to do.
    expect(clock.now()).to.equal(5000);
    expect(released).to.deep.equal(['alice', 'bob']);
  });

  it(
    'works after ten hours of virtual time',
    marbles(
      ({ createCoordinator, expectObservable }) => {
        const coordinator = createCoordinator({ close$: timer(10 * 3_600_000) });
        expectObservable(coordinator.health$).toBe('h 35999999ms (cd|)', letters);
      },
      { until: 11 * 3_600_000 },
    ),
  );

  it('keeps no process alive', async () => {
    const timeouts = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    // From here on, mocha's own is among them.
    await Promise.resolve();
    const before = timeouts();
    const coordinator = createCoordinator({ database: memoryDatabase() });
    coordinator.coordinate$(alice).subscribe();
    expect(timeouts()).to.be.greaterThan(before);
    await coordinator.close();
    expect(timeouts()).to.equal(before);
  });
});
