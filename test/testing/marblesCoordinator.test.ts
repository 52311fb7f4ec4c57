import { expect } from 'chai';
import { NEVER, concat, interval, map, of, timer } from 'rxjs';
import type { Coordinator, Health } from '../../src/api.js';
import { requests } from '../../src/proto/requests.js';
import { aNode, alice, bob, describeUpdates, marbles, memoryDatabase, north, south } from '../../src/testing/index.js';

const healthOf = (coordinator: Coordinator) => {
  const states: Health[] = [];
  coordinator.health$.subscribe((health) => states.push(health));
  return states;
};

describe('coordinators of a marble test', () => {
  it(
    'share a database, and tell their peers of one another',
    marbles(({ createCoordinator, database, expectObservable }) => {
      const [first, second] = [createCoordinator(), createCoordinator()];
      expect([first.id, second.id]).to.deep.equal([north, south]);
      const bobs$ = timer(10).pipe(map(() => requests.updateSelf(aNode({ derp: 2 }))));
      second.coordinate$(bob, concat(bobs$, NEVER)).subscribe();
      const alices$ = first.coordinate$(alice, concat(of(requests.addTunnel(bob)), NEVER));
      expectObservable(alices$.pipe(map((response) => describeUpdates(response).join()))).toBe('10ms b', {
        b: 'bob NODE derp 2 (new)',
      });
      timer(20).subscribe(() => {
        expect(database.rows.coordinators()).to.have.lengthOf(2);
      });
    }),
  );

  it('close when the test ends, after everything has stopped listening', () => {
    const health: Health[][] = [];
    marbles(({ createCoordinator, expectObservable, scheduler }) => {
      const coordinator = createCoordinator();
      health.push(healthOf(coordinator));
      expectObservable(coordinator.coordinate$(alice)).toBe('-');
      // What never ends by itself is stopped, too.
      expectObservable(interval(40_000)).toBe('40s a', { a: 0 });
      timer(59_999).subscribe(() => expect(health[0]).to.deep.equal(['starting', 'healthy']));
      timer(30_000).subscribe(() => health.push(healthOf(createCoordinator())));
      timer(80_000).subscribe(() => expect(scheduler.now()).to.equal(80_000));
    })();
    expect(health.map((states) => states.slice(-2))).to.deep.equal([
      ['closing', 'closed'],
      ['closing', 'closed'],
    ]);
  });

  it(
    'live as long as the test says',
    marbles(
      ({ createCoordinator, expectObservable }) => {
        const live$ = createCoordinator().coordinators$.pipe(map((ids) => ids.length));
        createCoordinator();
        createCoordinator({ close$: NEVER });
        expectObservable(timer(299_999)).toBe('299999ms (a|)', { a: 0 });
        expectObservable(interval(200_000)).toBe('200s a', { a: 0 });
        timer(299_999).subscribe(() => {
          const seen: number[] = [];
          live$.subscribe((count) => seen.push(count)).unsubscribe();
          expect(seen).to.deep.equal([3]);
        });
      },
      { until: 300_000 },
    ),
  );

  it(
    'can be closed before, and stand on anything else',
    marbles(({ createCoordinator, cold, database, expectObservable }) => {
      const own = memoryDatabase();
      const coordinator = createCoordinator({ database: own, id: bob, close$: cold('5s x') });
      expect(coordinator.id).to.equal(bob);
      const alices$ = coordinator.coordinate$(alice).pipe(map((response) => describeUpdates(response).join()));
      expectObservable(alices$).toBe('5s (c|)', { c: 'error: coordinator closed' });
      timer(5001).subscribe(() => {
        expect(own.rows.coordinators().map(({ id }) => id)).to.deep.equal([bob]);
        expect(database.rows.coordinators()).to.deep.equal([]);
      });
    }),
  );
});
