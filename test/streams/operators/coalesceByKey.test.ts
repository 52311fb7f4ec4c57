import { expect } from 'chai';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  type Observable,
  ReplaySubject,
  Subject,
  defer,
  delay,
  firstValueFrom,
  ignoreElements,
  merge,
  of,
  retry,
  skip,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { coalesceByKey } from '../../../src/streams/operators/coalesceByKey.js';
import { marbles } from '../../../src/testing/index.js';

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

  describe('with a limit', () => {
    it(
      'lets the keys beyond it wait, first come, first served; a key that runs again waits behind them',
      marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
        const runs = { a: cold('--a|'), b: cold('--b|'), c: cold('--c|') };
        const keys$ = hot<'a' | 'b' | 'c'>('abac--------|     ');
        //  a at 0, b from 3, c from 6, a again from 9
        const aSubs = ['                     ^--!              ', '---------^--!'];
        const bSubs = '                      ---^--!           ';
        const cSubs = '                      ------^--!        ';
        const expected = '                   --a--b--c--a|     ';

        expectObservable(keys$.pipe(coalesceByKey((key) => runs[key], { concurrency: 1 }))).toBe(expected);
        expectSubscriptions(runs.a.subscriptions).toBe(aSubs);
        expectSubscriptions(runs.b.subscriptions).toBe(bSubs);
        expectSubscriptions(runs.c.subscriptions).toBe(cSubs);
      }),
    );

    it(
      'gives a place back while a failed key waits to be tried again',
      marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
        const attempts = [cold('-#'), cold('-a|')];
        const [failing$, working$] = attempts;
        const other$ = cold('--b|');
        const keys$ = hot<'a' | 'b'>('ab--------|');
        const failingSubs = '          ^!         ';
        const otherSubs = '            -^--!      ';
        //  tried again at 5
        const workingSubs = '          -----^-!   ';
        const expected = '             ---b--a---|';

        const run = (key: 'a' | 'b'): Observable<string> => (key === 'b' ? other$ : (attempts.shift() ?? of('?')));
        const result$ = keys$.pipe(
          coalesceByKey((key) => defer(() => run(key)), {
            concurrency: 1,
            retry: retry({ delay: () => timer(4, scheduler) }),
          }),
        );
        expectObservable(result$).toBe(expected);
        expectSubscriptions(failing$!.subscriptions).toBe(failingSubs);
        expectSubscriptions(other$.subscriptions).toBe(otherSubs);
        expectSubscriptions(working$!.subscriptions).toBe(workingSubs);
      }),
    );
  });

  it(
    'takes a key that comes while its run waits to be tried again for one with what is tried',
    marbles(({ cold, hot, scheduler, expectObservable }) => {
      const attempts = [cold('-#'), cold('-a|'), cold('--?')];
      const keys$ = hot('  k--k----|');
      //  fails at 1, tried again at 5
      const expected = '   ------a-|';

      const result$ = keys$.pipe(
        coalesceByKey(() => defer(() => attempts.shift() ?? of('?')), {
          retry: retry({ delay: () => timer(4, scheduler) }),
        }),
      );
      expectObservable(result$).toBe(expected);
    }),
  );

  describe('holds nothing of a key whose runs have ended', () => {
    /** Keys that can be told to be gone: nothing but what is under test holds them. */
    interface Key {
      readonly name: string;
    }

    /** How a run goes, by how many have been started. */
    const runs: Record<string, (started: number) => Observable<unknown>> = {
      'at once': () => of('done'),
      'later, in its own time': () => timer(0),
      'after each failed and was tried again': (started) =>
        started % 2 === 1 ? throwError(() => new Error('once')) : of('done'),
    };

    for (const [how, run] of Object.entries(runs)) {
      for (const concurrency of [1, Infinity]) {
        it(`${how}, ${concurrency === 1 ? 'with' : 'without'} a limit`, async () => {
          const keys$ = new Subject<Key>();
          let started = 0;
          const ended$ = new ReplaySubject<unknown>();
          const subscription = keys$
            .pipe(coalesceByKey(() => run(++started), { concurrency, retry: retry({ count: 1 }) }))
            .subscribe(ended$);

          // The first comes twice, which makes two runs, one way or the other.
          const references = [sendKey(keys$, 'first', 2), sendKey(keys$, 'second', 1), sendKey(keys$, 'third', 1)];
          await firstValueFrom(ended$.pipe(skip(3)));
          expect(await aliveOf(references)).to.deep.equal([]);
          expect(keys$.observed).to.equal(true);
          subscription.unsubscribe();
        });
      }
    }

    const sendKey = (keys$: Subject<Key>, name: string, times: number): WeakRef<Key> => {
      const key = { name };
      for (let time = 1; time <= times; time++) keys$.next(key);
      return new WeakRef(key);
    };

    /** The names of the keys that somebody still holds, however often garbage is collected. */
    const aliveOf = async (references: readonly WeakRef<Key>[]): Promise<readonly string[]> => {
      setFlagsFromString('--expose-gc');
      const collectGarbage = runInNewContext('gc') as () => void;
      const alive = () => references.flatMap((reference) => reference.deref()?.name ?? []);
      // References are strong until the job in which they were made or read has ended, and what lies on the stack, even
      // unused, holds on to some. So a few turns may pass; what leaks is still there after any number of them.
      for (let turn = 0; turn < 20; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
        collectGarbage();
        await new Promise((resolve) => setImmediate(resolve));
        if (alive().length === 0) break;
      }
      return alive();
    };
  });
});
