import { expect } from 'chai';
import { map } from 'rxjs';
import type { Coordinator } from '../src/api.js';
import { channels } from '../src/db/bus.js';
import { alice, bob, carol, marbles } from '../src/testing/index.js';
import { onTime } from './streams/support/onTime.js';
import { describeWatch } from './support/describeWatch.js';
import { virtualPeer } from './support/virtualPeer.js';

const watched = (coordinator: Coordinator, peerId = bob) => coordinator.watch$(peerId).pipe(map(describeWatch));

const words = {
  o: 'disconnected',
  a: 'node derp 1',
  b: 'node derp 2',
  l: 'lost derp 2',
  c: 'closed: coordinator closed',
  u: 'closed: coordinator unhealthy',
};

describe('watching a peer', () => {
  it(
    'shows what becomes of it, wherever it is connected',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const [first, second] = [createCoordinator(), createCoordinator()];
      const at = onTime(scheduler);
      let bobs: ReturnType<typeof virtualPeer>;
      at(10, () => (bobs = virtualPeer(second, bob)));
      at(20, () => bobs.derp(1));
      at(30, () => bobs.derp(2));
      at(40, () => bobs.drop());
      at(50, () => (bobs = virtualPeer(first, bob)).derp(2));
      at(60, () => bobs.goodbye());
      const expected = 'o 19ms a 9ms b 9ms l 9ms b 9ms o';
      expectObservable(watched(first)).toBe(expected, words);
      expectObservable(watched(second)).toBe(expected, words);
    }),
  );

  it(
    'writes nothing, and is noticed by nobody',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const bobs = virtualPeer(coordinator, bob);
      at(10, () => bobs.derp(1));
      at(15, () => {
        const asked: string[] = [];
        const counting = database.faults.calls$.subscribe(({ method }) => asked.push(method));
        counting.add(watched(coordinator).subscribe());
        at(19, () => {
          expect(asked).to.deep.equal(['readBindings']);
          counting.unsubscribe();
        });
      });
      at(20, () => {
        expect(database.rows.peers()).to.have.lengthOf(1);
        expect(database.rows.tunnels()).to.deep.equal([]);
        expect(bobs.heard).to.deep.equal([]);
        bobs.derp(2);
      });
      expectObservable(bobs.heard$).toBe('-');
      expectObservable(watched(coordinator), '15ms ^').toBe('15ms a 4ms b', words);
    }),
  );

  it(
    'reads a peer once for all who watch it, and for nobody nothing',
    marbles(({ createCoordinator, database, scheduler }) => {
      const [first, second] = [createCoordinator(), createCoordinator()];
      const at = onTime(scheduler);
      const bobs = virtualPeer(second, bob);
      const reads: string[] = [];
      database.faults.calls$.subscribe(({ method }) => {
        if (method === 'readBindings') reads.push(method);
      });
      const heard: string[] = [];
      const watches = Array.from({ length: 3 }, () => watched(first).subscribe((text) => heard.push(text)));
      at(10, () => {
        // The first of them was told at once, where nothing takes time; so were the others, without asking.
        expect(reads.splice(0)).to.have.lengthOf(1);
        bobs.derp(1);
      });
      at(20, () => {
        expect(reads.splice(0)).to.have.lengthOf(1);
        expect(heard).to.deep.equal([
          'disconnected',
          'disconnected',
          'disconnected',
          ...Array<string>(3).fill(words.a),
        ]);
        for (const watch of watches) watch.unsubscribe();
        bobs.derp(2);
      });
      at(30, () => {
        expect(reads).to.deep.equal([]);
        expect(heard).to.have.lengthOf(6);
      });
    }),
  );

  it(
    'calls a peer lost whose coordinator has fallen silent, and found when it is back',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const wire = database.connect();
      const [first, second] = [createCoordinator(), createCoordinator({ database: wire })];
      const at = onTime(scheduler);
      const bobs = virtualPeer(second, bob);
      at(10, () => bobs.derp(2));
      at(1000, () => wire.faults.goAway());
      at(3000, () => wire.faults.comeBack());
      at(9000, () => wire.faults.goAway());
      // The last heartbeat is that of 8 s.
      expectObservable(watched(first), '^ 20s !').toBe('o 9ms b 13989ms l', words);
    }),
  );

  it(
    'comes right after a hint was lost, with the resync that follows a gap',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      const bobs = virtualPeer(createCoordinator(), bob);
      at(1000, () => {
        const undo = database.faults.dropNotifications(
          (channel) => channel === channels.peer || channel === channels.binding,
        );
        bobs.derp(1);
        at(1500, undo);
      });
      at(2000, () => database.faults.gap());
      // Half of the jitter, which is 250 ms; nobody is connected here, so those who are watched are first.
      expectObservable(watched(coordinator)).toBe('o 2124ms a', words);
    }),
  );

  it(
    'comes right with the rolling check where not even a gap was heard of',
    marbles(
      ({ createCoordinator, database, scheduler }) => {
        const coordinator = createCoordinator({ tuning: { rollingCheckPeriod: 10_000 } });
        const at = onTime(scheduler);
        const bobs = virtualPeer(createCoordinator(), bob);
        const heard: string[] = [];
        watched(coordinator).subscribe((text) => heard.push(text));
        at(1000, () => {
          const undo = database.faults.dropNotifications(
            (channel) => channel === channels.peer || channel === channels.binding,
          );
          bobs.derp(1);
          at(1500, undo);
        });
        at(25_000, () => expect(heard).to.deep.equal(['disconnected', 'node derp 1']));
      },
      { until: 30_000 },
    ),
  );

  it(
    'waits until the database answers',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const at = onTime(scheduler);
      at(1000, () => database.faults.failNext('readBindings', 2));
      // 500 ms and 750 ms, the two waits.
      expectObservable(watched(coordinator, carol), '1500ms ^').toBe('2750ms o', words);
    }),
  );

  it(
    'ends with its coordinator, and says why; and at once where it has ended',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      onTime(scheduler)(20, () => void coordinator.close());
      expectObservable(watched(coordinator)).toBe('o 19ms (c|)', words);
      expectObservable(watched(coordinator), '50ms ^').toBe('50ms (c|)', words);
    }),
  );

  it(
    'is sent elsewhere by an unhealthy coordinator, as peers are',
    marbles(({ createCoordinator, database, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      onTime(scheduler)(1000, () => database.faults.goAway());
      // Beats at 2, 4 and 6 s fail; half of the spread, which is 4 s, later.
      expectObservable(watched(coordinator)).toBe('o 7999ms (u|)', words);
      expectObservable(watched(coordinator), '9s ^').toBe('9s (u|)', words);
    }),
  );

  it('wants a UUID', () => {
    marbles(({ createCoordinator }) => {
      expect(() => createCoordinator().watch$('bob')).to.throw(TypeError, 'not a UUID: "bob"');
    })();
  });

  it(
    'is written in any case of letters',
    marbles(({ createCoordinator, scheduler, expectObservable }) => {
      const coordinator = createCoordinator();
      const bobs = virtualPeer(coordinator, bob);
      onTime(scheduler)(10, () => bobs.derp(1));
      virtualPeer(coordinator, alice);
      expectObservable(watched(coordinator, bob.toUpperCase())).toBe('o 9ms a', words);
    }),
  );
});
