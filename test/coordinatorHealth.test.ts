import { expect } from 'chai';
import { NEVER, defer, map, merge } from 'rxjs';
import { alice, bob, carol, east, eve, marbles, north, south } from '../src/testing/index.js';
import { logbook } from './streams/support/logbook.js';
import { onTime } from './streams/support/onTime.js';
import { virtualPeer } from './support/virtualPeer.js';

const letters = { s: 'starting', h: 'healthy', u: 'unhealthy', c: 'closing', d: 'closed' };

describe('the health of a coordinator', () => {
  it(
    'is healthy after the first heartbeat, and replays how it is',
    marbles(({ createCoordinator, expectObservable }) => {
      const { health$ } = createCoordinator();
      expectObservable(health$).toBe('h', letters);
      expectObservable(health$, '500ms ^').toBe('500ms h', letters);
    }),
  );

  it(
    'starts until the database is there, and is unhealthy when three heartbeats have failed before',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      database.faults.goAway();
      const { health$ } = createCoordinator();
      onTime(scheduler)(7000, () => database.faults.comeBack());
      expectObservable(health$).toBe('s 3999ms u 3999ms h', letters);
    }),
  );

  it(
    'says each state once, and logs only what has changed',
    marbles(({ createCoordinator, database, expectObservable, scheduler }) => {
      const book = logbook();
      const wire = database.connect({ latency: 10 });
      wire.faults.failNext('heartbeat', 1);
      const { health$ } = createCoordinator({ database: wire, logger: book.logger });
      expectObservable(health$).toBe('s 2009ms h', letters);
      onTime(scheduler)(10_000, () => {
        const changes = book.entries.filter(({ msg }) => msg === 'health changed');
        expect(changes.map(({ health }) => health)).to.deep.equal(['healthy']);
      });
    }),
  );

  it(
    'is not disturbed by two failures, and takes three in a row for unhealthy',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const book = logbook();
      const { health$ } = createCoordinator({ logger: book.logger });
      const at = onTime(scheduler);
      at(1000, () => database.faults.failNext('heartbeat', 2));
      at(9000, () => database.faults.failNext('heartbeat', 3));
      at(20_000, () => {
        expect(book.lines.filter((line) => line.includes('heartbeats'))).to.deep.equal([
          'error coordinator failed 3 heartbeats and is unhealthy',
        ]);
        expect(book.entries.filter(({ health }) => health === 'unhealthy')).to.have.lengthOf(1);
        expect(book.lines.filter((line) => line === 'warn heartbeat failed')).to.have.lengthOf(5);
      });
      // Beats at 10, 12 and 14 s fail.
      expectObservable(health$).toBe('h 13999ms u 1999ms h', letters);
    }),
  );

  it(
    'takes a heartbeat that hangs for one that failed',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const { health$ } = createCoordinator();
      let letGo = (): void => {};
      const at = onTime(scheduler);
      at(1000, () => (letGo = database.faults.hang()));
      at(9000, () => letGo());
      // Beats at 2, 4 and 6 s have failed 1.5 s later.
      expectObservable(health$).toBe('h 7499ms u 1499ms h', letters);
    }),
  );

  it(
    'is not healthy before it listens',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const deaf = { ...database, bus: { ...database.bus, listen$: () => NEVER } };
      const coordinator = createCoordinator({
        database: deaf,
        tuning: { initialBackoff: 3_600_000, maxBackoff: 3_600_000 },
      });
      onTime(scheduler)(5000, () => expect(database.rows.coordinators()).to.have.lengthOf(1));
      expectObservable(coordinator.health$).toBe('s', letters);
    }),
  );

  it(
    'lets an unhealthy coordinator refuse new connections before anything is written',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      at(1000, () => database.faults.failNext('heartbeat', 4));
      const asked: string[] = [];
      at(6500, () => {
        database.faults.calls$.subscribe(({ method }) => asked.push(method));
        const one = virtualPeer(coordinator, alice);
        one.derp(1);
        one.tunnel(bob);
        expect(one.heard).to.deep.equal(['error: coordinator unhealthy', 'end']);
      });
      at(7999, () => {
        expect(asked.filter((method) => method.startsWith('write'))).to.deep.equal([]);
        expect(database.rows.peers()).to.deep.equal([]);
      });
      at(11_000, () => {
        const one = virtualPeer(coordinator, alice);
        one.derp(1);
        expect(one.heard).to.deep.equal([]);
      });
      at(12_000, () => expect(database.rows.peers()).to.have.lengthOf(1));
      expectObservable(coordinator.health$).toBe('h 5999ms u 3999ms h', letters);
    }),
  );

  it(
    'ends the connections of an unhealthy coordinator one after the other, until it recovers',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      // Something else may draw, too: what counts is that each of three draws in a row is another.
      const draws = [0, 0.4, 0.9];
      let index = 0;
      let drawing = false;
      const random = () => (drawing ? (draws[index++ % draws.length] ?? 0) : 0.5);
      const coordinator = createCoordinator({ random });
      const at = onTime(scheduler);
      const peers = [alice, bob, carol].map((id) => virtualPeer(coordinator, id));
      at(1000, () => {
        drawing = true;
        database.faults.failNext('heartbeat', 3);
      });
      // The turn of the third would have come at 9.6 s; the beat at 8 s succeeds.
      expectObservable(merge(...peers.map(({ heard$ }) => heard$))).toBe('6s (ue) 1596ms (ue)', {
        ...{ u: 'error: coordinator unhealthy', e: 'end' },
      });
    }),
  );

  it(
    'is written down only while it lives: others see who is live, without those who fell silent',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const [first, second] = [createCoordinator(), createCoordinator({ database: database.connect() })];
      const wire = database.connect();
      const third = createCoordinator({ database: wire });
      onTime(scheduler)(10_000, () => wire.faults.goAway());
      const names = { a: [north, south], b: [north, south, east] };
      expectObservable(first.coordinators$).toBe('b 13999ms a', names);
      expectObservable(second.coordinators$, '100ms ^').toBe('100ms b 13899ms a', names);
      // Who cannot ask the database gives nobody up.
      expectObservable(third.coordinators$, '100ms ^').toBe('100ms b', names);
    }),
  );

  it(
    'shows the peers of a coordinator that fell silent as lost, not as gone, and found when it is back',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const wire = database.connect();
      const [first, second] = [
        createCoordinator(),
        createCoordinator({ database: wire, tuning: { unhealthySpread: 60_000 } }),
      ];
      const at = onTime(scheduler);
      const [one, other] = [virtualPeer(first, alice), virtualPeer(second, bob)];
      at(100, () => {
        one.tunnel(bob, eve);
        other.derp(2);
      });
      at(4500, () => wire.faults.goAway());
      at(12_500, () => wire.faults.comeBack());
      expectObservable(one.heard$.pipe(map((words) => words.split(' ')[1]))).toBe('100ms n 9899ms l 3999ms n', {
        n: 'NODE',
        l: 'LOST',
      });
      at(20_000, () => expect(other.heard).to.deep.equal([]));
    }),
  );
});

describe('an outage of the database', () => {
  const sets = { n: [north], b: [north, south] };

  for (const away of [5500, 5950, 6500, 7000, 7800, 12_345]) {
    it(
      `makes coordinators lost to nobody, though none could write a heartbeat for ${String(away)} ms`,
      marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
        const at = onTime(scheduler);
        const first = createCoordinator();
        // Its beats are 100 ms before, or 1900 ms after, those of the first.
        const second$ = defer(() => createCoordinator().coordinators$);
        at(10_050, () => database.faults.goAway());
        at(10_050 + away, () => database.faults.comeBack());
        expectObservable(first.coordinators$, '50ms ^').toBe('50ms n 1849ms b', sets);
        expectObservable(second$, '1900ms ^').toBe('1900ms b', sets);
      }),
    );
  }

  it(
    'is followed by the news of who died in it, as soon as the others had the time for a heartbeat',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const at = onTime(scheduler);
      const wire = database.connect();
      const first = createCoordinator();
      createCoordinator({ database: wire });
      at(11_000, () => wire.faults.goAway());
      at(11_000, () => database.faults.goAway());
      at(17_500, () => database.faults.comeBack());
      // The last beat of the second was at 10 s; the first beat after the outage is at 18 s.
      expectObservable(first.coordinators$, '50ms ^').toBe('50ms b 21449ms n', sets);
    }),
  );

  it(
    'does not hold up who has none: the dead are given up 6 s after their last heartbeat',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const wire = database.connect();
      const first = createCoordinator();
      createCoordinator({ database: wire });
      onTime(scheduler)(11_000, () => wire.faults.goAway());
      expectObservable(first.coordinators$, '50ms ^').toBe('50ms b 15949ms n', sets);
    }),
  );
});
