import { expect } from 'chai';
import { Observable, concat, finalize, merge, of, take, throwError } from 'rxjs';
import { limitConcurrency } from '../../../src/streams/operators/limitConcurrency.js';
import { marbles } from '../../../src/testing/index.js';

describe('limitConcurrency', () => {
  it(
    'lets so many run at the same time; the others wait for their turn, first come, first served',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const limited = limitConcurrency(2);
      const a$ = cold('      --a-|           ');
      const aSubs = '        ^---!           ';
      const b$ = cold('      ------b|        ');
      const bSubs = '        ^------!        ';
      const c$ = cold('          -----c|     ');
      const cSubs = '        ----^-----!     ';
      const d$ = cold('             ----d|   ');
      const dSubs = '        -------^----!   ';
      const expected = '     --a---b--c-d|   ';

      expectObservable(merge(...[a$, b$, c$, d$].map((source$) => source$.pipe(limited())))).toBe(expected);
      expectSubscriptions(a$.subscriptions).toBe(aSubs);
      expectSubscriptions(b$.subscriptions).toBe(bSubs);
      expectSubscriptions(c$.subscriptions).toBe(cSubs);
      expectSubscriptions(d$.subscriptions).toBe(dSubs);
    }),
  );

  it(
    'gives the place of one that failed to the next',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const limited = limitConcurrency(1);
      const fails$ = cold('  --#    ');
      const next$ = hot('    -a-b-c|');
      const nextSubs = '     --^---!';

      expectObservable(fails$.pipe(limited())).toBe('--#    ');
      expectObservable(next$.pipe(limited())).toBe(' ---b-c|');
      expectSubscriptions(next$.subscriptions).toBe(nextSubs);
    }),
  );

  it(
    'gives the place of one that was unsubscribed to the next',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const limited = limitConcurrency(1);
      const a$ = cold('  -a---a---a');
      const unsub = '    ---!      ';
      const aSubs = '    ^--!      ';
      const b$ = cold('     -b|    ');
      const bSubs = '    ---^-!    ';

      expectObservable(a$.pipe(limited()), unsub).toBe('-a--   ');
      expectObservable(b$.pipe(limited())).toBe('       ----b| ');
      expectSubscriptions(a$.subscriptions).toBe(aSubs);
      expectSubscriptions(b$.subscriptions).toBe(bSubs);
    }),
  );

  it(
    'never subscribes to one that was unsubscribed while it waited',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const limited = limitConcurrency(1);
      const a$ = cold('  -----a|   ');
      const b$ = cold('  -b|       ');
      const unsubB = '   --!       ';
      const c$ = cold('        -c| ');
      const cSubs = '    ------^-! ';

      expectObservable(a$.pipe(limited())).toBe('        -----a|   ');
      expectObservable(b$.pipe(limited()), unsubB).toBe('---       ');
      expectObservable(c$.pipe(limited())).toBe('        -------c| ');
      expectSubscriptions(b$.subscriptions).toBe([]);
      expectSubscriptions(c$.subscriptions).toBe(cSubs);
    }),
  );

  it(
    'counts those that end while they are subscribed to, however they end',
    marbles(({ expectObservable }) => {
      const limited = limitConcurrency(1);
      const completes$ = of('a').pipe(limited());
      const fails$ = throwError(() => 'why').pipe(limited());
      const isLeft$ = of('b', 'c').pipe(limited(), take(1));

      expectObservable(concat(completes$, isLeft$, completes$, fails$)).toBe('(aba#)', undefined, 'why');
      expectObservable(completes$).toBe('(a|)');
    }),
  );

  it('tears one down before it starts the next, so that the limit is kept in the instant of the change, too', () => {
    const events: string[] = [];
    const limited = limitConcurrency(1);
    const logged = (name: string) =>
      new Observable<never>(() => {
        events.push(`${name} starts`);
        return () => events.push(`${name} is torn down`);
      }).pipe(
        limited(),
        finalize(() => events.push(`${name} has ended`)),
      );

    const first = logged('first').subscribe();
    const second = logged('second').subscribe();
    first.unsubscribe();
    second.unsubscribe();
    expect(events.filter((event) => !event.endsWith('ended'))).to.deep.equal([
      'first starts',
      'first is torn down',
      'second starts',
      'second is torn down',
    ]);
  });

  it(
    'limits all that were made by one call together, and each call by itself',
    marbles(({ cold, expectObservable }) => {
      const [one, other] = [limitConcurrency(1), limitConcurrency(1)];
      expectObservable(cold('-a|').pipe(one())).toBe('    -a|   ');
      expectObservable(cold('  -b|').pipe(one())).toBe('  ---b| ');
      expectObservable(cold('-c|').pipe(other())).toBe('  -c|   ');
    }),
  );
});
