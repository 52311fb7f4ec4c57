import { expect } from 'chai';
import { map, take } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Overview } from '../../../src/db/overview.js';
import { sharedSnapshots } from '../../../src/gateways/debug/sharedSnapshots.js';
import type { Sight } from '../../../src/gateways/debug/sharedSnapshots.js';
import { marbles } from '../../../src/testing/index.js';
import { first, overview } from './debugFixture.js';

/** A sight as a letter: that of its reading, or `t` for trouble. */
const seen = (sights$: Observable<Sight>) =>
  sights$.pipe(map((sight) => (sight.kind === 'trouble' ? 't' : String(sight.snapshot.overview.readAt))));
const readings = { 1: overview({ readAt: 1 }), 2: overview({ readAt: 2 }), 3: overview({ readAt: 3 }) };

describe('snapshots that many look at', () => {
  it(
    'are read once for all, from the end of one reading to the next in a period, and not when nobody looks',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const reads = ['--(1|)', '--(2|)', '--(3|)', '-'].map((drawn) => cold<Overview>(drawn, readings));
      const left = [...reads];
      const shared$ = sharedSnapshots(() => left.shift()!, first, { period: 5, scheduler, onTrouble: () => {} });
      const one = '    ^-----------!     ';
      const other = ' ---^------------------!';
      expectObservable(seen(shared$), one).toBe('  --1------2');
      expectObservable(seen(shared$), other).toBe('---1-----2------3');
      expectSubscriptions(reads[0]!.subscriptions).toBe('^-!');
      expectSubscriptions(reads[1]!.subscriptions).toBe('-------^-!');
      expectSubscriptions(reads[2]!.subscriptions).toBe('--------------^-!');
    }),
  );

  it(
    'are not read more often by somebody who comes and goes',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const reads = ['---(1|)', '(2|)'].map((drawn) => cold<Overview>(drawn, readings));
      const left = [...reads];
      const shared$ = sharedSnapshots(() => left.shift()!, first, { period: 5, scheduler, onTrouble: () => {} });
      // Leaves before there is an answer, comes back at once, and has to wait until it is time again.
      expectObservable(seen(shared$), '^!').toBe('-');
      expectObservable(seen(shared$).pipe(take(1)), '--^').toBe('-----(2|)');
      expectObservable(seen(shared$).pipe(take(1)), '---------^').toBe('---------(2|)');
      expectSubscriptions(reads[0]!.subscriptions).toBe('^!');
      expectSubscriptions(reads[1]!.subscriptions).toBe('-----(^!)');
    }),
  );

  it('are tried again when they cannot be read, and an operator is told once why', () => {
    const troubles: unknown[] = [];
    marbles(({ cold, scheduler, expectObservable }) => {
      const left = ['-(1|)', '-#', '-#', '-(2|)', '-#'].map((drawn) => cold<Overview>(drawn, readings, 'no database'));
      const onTrouble = (error: unknown) => troubles.push(error);
      const shared$ = sharedSnapshots(() => left.shift()!, first, { period: 3, scheduler, onTrouble });
      expectObservable(seen(shared$), '^-----------------!').toBe('-1---t---t---2---t');
    })();
    expect(troubles).to.deep.equal(['no database', 'no database']);
  });

  it('say what has changed since the one before, even after a trouble', () => {
    const texts: string[] = [];
    marbles(({ cold, scheduler, expectObservable }) => {
      const gone = overview({ readAt: 2, tunnels: [] });
      const left = [cold('(a|)', { a: overview() }), cold('#'), cold('(b|)', { b: gone })];
      const shared$ = sharedSnapshots(() => left.shift()! as Observable<Overview>, first, {
        ...{ period: 2, scheduler, onTrouble: () => {} },
      });
      const told$ = shared$.pipe(
        map((sight) => {
          if (sight.kind === 'snapshot') texts.push(sight.snapshot.changesEvent);
          return sight.kind;
        }),
      );
      expectObservable(told$, '^----!').toBe('s-t-s', { s: 'snapshot', t: 'trouble' });
    })();
    expect(texts[0]).to.match(/^event: overview\n/);
    expect(texts[1]).to.match(/^event: changes\n/);
    expect(JSON.parse(texts[1]!.split('data: ')[1]!)).to.deep.include({
      peers: { written: [], gone: [] },
      tunnels: { written: [], gone: overview().tunnels },
    });
  });
});
