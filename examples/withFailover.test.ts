// Marble tests of a composition of your own, in virtual time. In a clone that was built:
// `node --import tsx --test examples/withFailover.test.ts`. Under mocha, jest or vitest only the first import differs.
import { describe, it } from 'node:test';
import { NEVER, concat, map, of } from 'rxjs';
import { requests } from 'tailnet-coordinator';
import { alice, bob, describeUpdates, marbles } from 'tailnet-coordinator/testing';
import { withFailover } from './withFailover.js';

const alicesRequests$ = concat(of(requests.updateSelf({ preferredDerp: 1 }), requests.addTunnel(bob)), NEVER);
const bobsRequests$ = concat(of(requests.updateSelf({ preferredDerp: 7 }), requests.addTunnel(alice)), NEVER);
const inWords = map(describeUpdates);

describe('withFailover', () => {
  it(
    'goes to the next coordinator when one closes',
    marbles(({ createCoordinator, cold, expectObservable }) => {
      const [north, south] = [createCoordinator({ close$: cold('5s x') }), createCoordinator()];
      south.coordinate$(bob, bobsRequests$).subscribe();
      const alices$ = withFailover([north, south], 100).coordinate$(alice, alicesRequests$);
      // A letter takes a millisecond: `a` at 0, `c` at 5 s, and `a` again 100 ms later.
      expectObservable(alices$.pipe(inWords)).toBe('a 4999ms c 99ms a', {
        a: ['bob NODE derp 7 (new)'],
        c: ['error: coordinator closed'],
      });
    }),
  );

  it(
    'is seen by others as lost, and found again, when a coordinator dies without a word',
    marbles(({ createCoordinator, database, cold, expectObservable }) => {
      const wire = database.connect();
      const [north, south] = [createCoordinator({ database: wire }), createCoordinator()];
      cold('5s x').subscribe(() => wire.faults.goAway());
      const alices$ = withFailover([north, south], 3000).coordinate$(alice, alicesRequests$);
      // The heartbeats at 6, 8 and 10 s fail. Then north sends its peers away, within four seconds: jitter is in the middle.
      expectObservable(alices$.pipe(inWords)).toBe('n 11999ms u 2999ms n', {
        n: ['bob NODE derp 7 (new)'],
        u: ['error: coordinator unhealthy'],
      });
      // The last that south heard of north was at 4 s.
      expectObservable(south.coordinate$(bob, bobsRequests$).pipe(inWords)).toBe('n 9999ms l 4999ms f', {
        n: ['alice NODE derp 1 (new)'],
        l: ['alice LOST derp 1 (lost)'],
        f: ['alice NODE derp 1 (found)'],
      });
    }),
  );
});
