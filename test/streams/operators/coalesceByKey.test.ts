import { expect } from 'chai';
import {
  Observable,
  ReplaySubject,
  Subject,
  defer,
  delay,
  firstValueFrom,
  ignoreElements,
  merge,
  of,
  skip,
  tap,
  timer,
} from 'rxjs';
import { coalesceByKey } from '../../../src/streams/operators/coalesceByKey.js';
import { marbles } from '../../../src/testing/index.js';
import { type HeldKey, aliveOf, sendKey } from '../support/heldKeys.js';

describe('coalesceByKey', () => {
  it(
    'makes one more run for a key that comes during its run, however often it comes',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const keys$ = hot('   -k-kk-k-----k----|');
      const run$ = cold('    ----r|           ');
      const subs = [
        '                   -^----!          ',
        '                   ------^----!     ',
        '                   ------------^----!',
      ];
      const expected = '    -----r----r-----r|';

      expectObservable(keys$.pipe(coalesceByKey(() => run$))).toBe(expected);
      expectSubscriptions(run$.subscriptions).toBe(subs);
    }),
  );

  it(
    'lets the runs of different keys overlap',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const runs = { a: cold(' ---a|'), b: cold(' ----b|') };
      const keys$ = hot<'a' | 'b'>('-ab-a------|   ');
      const aSubs = ['               -^---!', '-----^---!     '];
      const bSubs = '                --^----!       ';
      const expected = '             ----a-b-a--|   ';

      expectObservable(keys$.pipe(coalesceByKey((key) => runs[key]))).toBe(expected);
      expectSubscriptions(runs.a.subscriptions).toBe(aSubs);
      expectSubscriptions(runs.b.subscriptions).toBe(bSubs);
    }),
  );

  it(
    'looks things up when a run starts, not when its key came',
    marbles(({ hot, expectObservable }) => {
      const values$ = hot('  a---b-c------');
      const keys$ = hot('    -k--k--------');
      //  found at 1: a, and at 5, when that run has ended: b
      const expected = '     -----a---b---';

      let newest = '';
      const run = (): Observable<string> => defer(() => of(newest)).pipe(delay(4));
      const result$ = merge(
        values$.pipe(
          tap((value) => (newest = value)),
          ignoreElements(),
        ),
        keys$.pipe(coalesceByKey(run)),
      );
      expectObservable(result$).toBe(expected);
    }),
  );

  it(
    'waits for all runs, marked ones included, when the keys end',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const keys$ = hot('   -k-k|      ');
      const keysSubs = '    ^---!      ';
      const run$ = cold('    ---r|     ');
      const subs = ['       -^---!     ', '-----^---!'];
      const expected = '    ----r---r| ';

      expectObservable(keys$.pipe(coalesceByKey(() => run$))).toBe(expected);
      expectSubscriptions(keys$.subscriptions).toBe(keysSubs);
      expectSubscriptions(run$.subscriptions).toBe(subs);
    }),
  );

  it(
    'completes with keys that end while nothing runs',
    marbles(({ hot, expectObservable }) => {
      const keys$ = hot('   -k--|');
      const expected = '    -r--|';

      expectObservable(keys$.pipe(coalesceByKey(() => of('r')))).toBe(expected);
      expectObservable(hot('--|').pipe(coalesceByKey(() => of('r')))).toBe('--|');
    }),
  );

  it(
    'fails with the keys at once, unsubscribing from all runs',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const keys$ = hot('   -k-#');
      const run$ = cold('    ---r|');
      const subs = '        -^-!';
      const expected = '    ---#';

      expectObservable(keys$.pipe(coalesceByKey(() => run$))).toBe(expected);
      expectSubscriptions(run$.subscriptions).toBe(subs);
    }),
  );

  it(
    'fails with a run that fails for good, unsubscribing from the keys and from all other runs',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const runs = { a: cold(' --#'), b: cold('-b-------') };
      const keys$ = hot<'a' | 'b'>('b-a-----');
      const keysSubs = '             ^---!   ';
      const bSubs = '                ^---!   ';
      const expected = '             -b--#   ';

      expectObservable(keys$.pipe(coalesceByKey((key) => runs[key]))).toBe(expected);
      expectSubscriptions(keys$.subscriptions).toBe(keysSubs);
      expectSubscriptions(runs.b.subscriptions).toBe(bSubs);
    }),
  );

  it(
    'unsubscribes from the keys and from all runs when it is unsubscribed, and makes no marked run',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const keys$ = hot('   -a-b-a------ ');
      const run$ = cold('    ----r---|   ');
      const unsub = '       -------!     ';
      const keysSubs = '    ^------!     ';
      const subs = ['       -^-----!     ', '---^---!     '];
      const expected = '    -----r-------';

      expectObservable(keys$.pipe(coalesceByKey(() => run$)), unsub).toBe(expected);
      expectSubscriptions(keys$.subscriptions).toBe(keysSubs);
      expectSubscriptions(run$.subscriptions).toBe(subs);
    }),
  );

  it('makes no run of keys that come as it is torn down', () => {
    const keys$ = new Subject<string>();
    const started: string[] = [];
    const run = (key: string) =>
      new Observable<never>(() => {
        started.push(key);
        return () => ['a', 'b', 'c'].forEach((each) => keys$.next(each));
      });
    const subscription = keys$.pipe(coalesceByKey(run)).subscribe();
    ['a', 'b', 'a'].forEach((key) => keys$.next(key));
    subscription.unsubscribe();
    expect(started).to.deep.equal(['a', 'b']);
    expect(keys$.observed).to.equal(false);
  });

  it(
    'keeps each subscription to itself',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const keys$ = hot('   -k----k-----');
      const run$ = cold('    ---(r|)');
      const result$ = keys$.pipe(coalesceByKey(() => run$));
      const subs = ['       -^--!', '------^--!', '------^--!'];

      expectObservable(result$, ' ^------------!').toBe('----r----r---');
      expectObservable(result$, ' --^----------!').toBe('---------r---');
      expectSubscriptions(run$.subscriptions).toBe(subs);
    }),
  );

  describe('holds nothing of a key whose runs have ended', () => {
    /** How a run goes. */
    const runs: Record<string, () => Observable<unknown>> = {
      'at once': () => of('done'),
      'later, in its own time': () => timer(0),
    };

    for (const [how, run] of Object.entries(runs)) {
      it(how, async () => {
        const keys$ = new Subject<HeldKey>();
        const ended$ = new ReplaySubject<unknown>();
        const subscription = keys$.pipe(coalesceByKey(run)).subscribe(ended$);

        // The first comes twice, which makes two runs, one way or the other.
        const references = [sendKey(keys$, 'first', 2), sendKey(keys$, 'second', 1), sendKey(keys$, 'third', 1)];
        await firstValueFrom(ended$.pipe(skip(3)));
        expect(await aliveOf(references)).to.deep.equal([]);
        expect(keys$.observed).to.equal(true);
        subscription.unsubscribe();
      });
    }
  });
});
