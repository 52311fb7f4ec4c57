import { expect } from 'chai';
import {
  EMPTY,
  NEVER,
  Observable,
  type OperatorFunction,
  ReplaySubject,
  type SchedulerLike,
  Subject,
  VirtualTimeScheduler,
  asyncScheduler,
  defer,
  delay,
  firstValueFrom,
  from,
  ignoreElements,
  map,
  merge,
  mergeMap,
  of,
  range,
  take,
  takeUntil,
  tap,
  throwError,
  timer,
} from 'rxjs';
import { type CoalesceInBatchesOptions, coalesceInBatches } from '../../../src/streams/operators/coalesceInBatches.js';
import { type MarblesContext, marbles } from '../../../src/testing/index.js';
import { type HeldKey, aliveOf, sendKey } from '../support/heldKeys.js';
import { onTime } from '../support/onTime.js';

const later = new Error('later');
const never = new Error('never');

type Options = Partial<CoalesceInBatchesOptions<string>> & { readonly wake$?: Observable<unknown> };

/**
 * Batches of ten, one in flight. What fails with `later` is tried again after 4, 6, 9, 13 … ms. Whatever is given up is
 * kept as `a: never`.
 */
const setUp = ({ scheduler }: { readonly scheduler: SchedulerLike }) => {
  const givenUp: string[] = [];
  const inBatches = <R>(
    run: (keys: readonly string[]) => Observable<R>,
    { wake$, ...options }: Options = {},
  ): OperatorFunction<string, R> =>
    coalesceInBatches(run, {
      ...{ maxSize: 10, maxInFlight: 1, scheduler },
      retry: {
        ...{ initial: 4, max: 1000, random: () => 0.5, scheduler },
        retryable: (error) => error === later,
        ...(wake$ && { wake$ }),
      },
      onGivenUp: (key, error) => givenUp.push(`${key}: ${(error as Error).message}`),
      ...options,
    });
  return { inBatches, givenUp, at: onTime(scheduler) };
};

/** Runs that say their keys as they start, and end as drawn, the first one first; the last one again and again. */
const running = ({ cold }: Pick<MarblesContext, 'cold'>, ...drawn: readonly string[]) => {
  let count = 0;
  return (keys: readonly string[]): Observable<string> => {
    const marbles = drawn[Math.min(count++, drawn.length - 1)] ?? '';
    return cold(marbles, { s: keys.join('') }, marbles.includes('#') ? later : undefined);
  };
};

/** Sends the letters of each word in one turn. */
const spelled = (words$: Observable<string>): Observable<string> =>
  words$.pipe(mergeMap((word) => from(Array.from(word))));

describe('coalesceInBatches', () => {
  it(
    'runs the keys of one turn in one batch, each once, and completes with the source',
    marbles((context) => {
      const { cold, hot, expectObservable, expectSubscriptions } = context;
      const batches: string[] = [];
      const run$ = cold('     --r|           ');
      const keys$ = hot('   -w----------c--| ', { w: 'abab', c: 'c' });
      const keysSubs = '    ^--------------! ';
      const subs = ['       -^--!            ', '------------^--!'];
      const expected = '    ---r----------r|';

      const run = (keys: readonly string[]) => {
        batches.push(keys.join(''));
        return run$;
      };
      expectObservable(spelled(keys$).pipe(setUp(context).inBatches(run))).toBe(expected);
      expectSubscriptions(keys$.subscriptions).toBe(keysSubs);
      expectSubscriptions(run$.subscriptions).toBe(subs);
      onTime(context.scheduler)(30, () => expect(batches).to.deep.equal(['ab', 'c']));
    }),
  );

  it(
    'says of each key whether another one waits for the same run',
    marbles((context) => {
      const { hot, expectObservable, scheduler } = context;
      const heard: string[] = [];
      const onCoalesced = () => heard.push(`at ${String(scheduler.now())}`);
      // Two in one turn; one that marks its run, and one more; one while it waits to be tried again, until 8.
      const keys$ = hot('   -w-bb--b----|  ', { w: 'bb', b: 'b' });
      const run = running(context, 's--#', 's--|');
      expectObservable(spelled(keys$).pipe(setUp(context).inBatches(run, { onCoalesced }))).toBe('-b------b---|', {
        b: 'b',
      });
      onTime(scheduler)(40, () => expect(heard).to.deep.equal(['at 1', 'at 4', 'at 7']));
    }),
  );

  it(
    'collects the keys that come while as many batches as allowed are in flight, in the order in which they came',
    marbles((context) => {
      const { hot, expectObservable } = context;
      const run = running(context, 's------|');
      //  two places, taken by a until 8 and by b until 9
      const keys$ = hot('   -ab-dced--------|');
      const expected = '    -ab-----x-------|';

      const result$ = keys$.pipe(setUp(context).inBatches(run, { maxInFlight: 2 }));
      expectObservable(result$).toBe(expected, { a: 'a', b: 'b', x: 'dce' });
    }),
  );

  it(
    'keeps batches to their size',
    marbles((context) => {
      const { hot, expectObservable } = context;
      const run = running(context, 's------|');
      const keys$ = hot('   w---------|        ', { w: 'abcde' });
      const expected = '    (xy)---z------|    ';

      const result$ = spelled(keys$).pipe(setUp(context).inBatches(run, { maxInFlight: 2, maxSize: 2 }));
      expectObservable(result$).toBe(expected, { x: 'ab', y: 'cd', z: 'e' });
    }),
  );

  it(
    'has a key in one batch at a time, and in one more if it came meanwhile, however often, although there is room',
    marbles((context) => {
      const { hot, expectObservable } = context;
      const run = running(context, 's----|');
      const keys$ = hot('   -kbkkk-------k------|');
      const expected = '    -kb---k------k------|';

      expectObservable(keys$.pipe(setUp(context).inBatches(run, { maxInFlight: 5 }))).toBe(expected, {
        k: 'k',
        b: 'b',
      });
    }),
  );

  it(
    'serves first who came first; a key that is to run again waits behind the others',
    marbles((context) => {
      const { hot, expectObservable } = context;
      const run = running(context, 's-----|');
      const keys$ = hot('   ab-ac|                   ');
      const expected = '    a-----b-----c-----a-----|';

      expectObservable(keys$.pipe(setUp(context).inBatches(run, { maxSize: 1 }))).toBe(expected);
    }),
  );

  it(
    'looks things up when a batch starts, not when its keys came',
    marbles((context) => {
      const { hot, expectObservable } = context;
      const values$ = hot('  a---b-c------ ');
      const keys$ = hot('    -k--k--------|');
      //  found at 1: a, and at 5, when that run has ended: b
      const expected = '     -----a---b---|';

      let newest = '';
      const result$ = merge(
        values$.pipe(
          tap((value) => (newest = value)),
          ignoreElements(),
        ),
        keys$.pipe(setUp(context).inBatches(() => of(newest).pipe(delay(4)))),
      ).pipe(takeUntil(timer(13)));
      expectObservable(result$).toBe(expected);
    }),
  );

  describe('when a batch fails for now', () => {
    it(
      'tries its keys again after a wait that holds no place, with whatever else came meanwhile',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const run = running(context, 's-#', 's----|');
        //  a fails at 3 and waits until 7, when b still runs
        const keys$ = hot('   -aa-bca--|     ');
        const expected = '    -a--b----x----|';

        expectObservable(keys$.pipe(setUp(context).inBatches(run))).toBe(expected, { a: 'a', b: 'b', x: 'ca' });
      }),
    );

    it(
      'waits longer after each failure in a row, and starts anew after a success',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const run = running(context, 's#', 's#', 's#', 's|', 's#', 's|');
        //  waits of 4, 6 and 9 ms, then of 4 ms again
        const keys$ = hot('   a-----------------------------a---------|');
        const expected = '    a----a------a---------a-------a----a----|';

        expectObservable(keys$.pipe(setUp(context).inBatches(run))).toBe(expected);
      }),
    );

    it(
      'waits as long as the key of the batch has to that failed most often',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const run = running(context, 's#', 's---|', 's#', 's|');
        //  a waits from 1 to 5, b runs until 6; that a and c fail at 7 is the second time for a, so both wait for 6 ms
        const keys$ = hot('   a-b-c|         ');
        const expected = '    a-b---x------x|';

        expectObservable(keys$.pipe(setUp(context).inBatches(run))).toBe(expected, { a: 'a', b: 'b', x: 'ca' });
      }),
    );

    it(
      'takes every failure for one that may pass, if nothing else is said',
      marbles((context) => {
        const { cold, hot, scheduler, expectObservable } = context;
        const { inBatches } = setUp(context);
        const runs = [cold('s#', { s: 'first' }, never), cold('s|', { s: 'second' })];
        const retry = { initial: 4, max: 1000, random: () => 0.5, scheduler };
        const keys$ = hot('   k|     ');
        const expected = '    f----s|';

        expectObservable(keys$.pipe(inBatches(() => runs.shift() ?? EMPTY, { retry }))).toBe(expected, {
          ...{ f: 'first', s: 'second' },
        });
      }),
    );

    it(
      'ends all waits when something wakes them',
      marbles((context) => {
        const { hot, expectObservable, expectSubscriptions } = context;
        const run = running(context, 's#', 's#', 's|');
        const keys$ = hot('   a-b--|');
        const wake$ = hot('   ----w-');
        const wakeSubs = ['   -^--! ', '---^! '];
        const expected = '    a-b-x|';

        expectObservable(keys$.pipe(setUp(context).inBatches(run, { wake$ }))).toBe(expected, {
          ...{ a: 'a', b: 'b', x: 'ab' },
        });
        expectSubscriptions(wake$.subscriptions).toBe(wakeSubs);
      }),
    );

    it(
      'tries again in the same turn when something wakes it at once',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const run = running(context, 's-#', 's-#', 's-|');
        const keys$ = hot('   a|     ');
        const expected = '    a-a-a-|';

        expectObservable(keys$.pipe(setUp(context).inBatches(run, { wake$: of('now') }))).toBe(expected);
      }),
    );
  });

  describe('when a batch fails for good', () => {
    /** Fails in a millisecond with any of these among the keys, or else takes a millisecond. */
    const failingWith =
      ({ cold }: MarblesContext, ...faulty: readonly string[]) =>
      (keys: readonly string[]) =>
        cold(faulty.some((key) => keys.includes(key)) ? 's#' : 's|', { s: keys.join('') }, never);

    it(
      'divides it, in its place, until the key at fault stands alone and is given up; the others are done',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const { inBatches, givenUp, at } = setUp(context);
        const keys$ = hot('   w-f|    ', { w: 'abcde', f: 'f' });
        const expected = '    12345f| ';

        expectObservable(spelled(keys$).pipe(inBatches(failingWith(context, 'c')))).toBe(expected, {
          ...{ 1: 'abcde', 2: 'ab', 3: 'cde', 4: 'c', 5: 'de', f: 'f' },
        });
        at(9, () => expect(givenUp).to.deep.equal(['c: never']));
      }),
    );

    it(
      'gives up every key when all are at fault, and runs those that come later',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const { inBatches, givenUp, at } = setUp(context);
        const keys$ = hot('   w-----c-|  ', { w: 'abc', c: 'cd' });
        const expected = '    12345-678| ';

        expectObservable(spelled(keys$).pipe(inBatches(failingWith(context, 'a', 'b', 'c')))).toBe(expected, {
          ...{ 1: 'abc', 2: 'a', 3: 'bc', 4: 'b', 5: 'c', 6: 'cd', 7: 'c', 8: 'd' },
        });
        at(12, () => expect(givenUp).to.deep.equal(['a: never', 'b: never', 'c: never', 'c: never']));
      }),
    );

    it(
      'runs a key at fault again that came while it was at fault',
      marbles((context) => {
        const { cold, hot, expectObservable } = context;
        const { inBatches, givenUp, at } = setUp(context);
        const runs = [cold('s--#', { s: 'first' }, never), cold('s--|', { s: 'second' })];
        const keys$ = hot('   k-k--| ');
        const expected = '    f--s--|';

        expectObservable(keys$.pipe(inBatches(() => runs.shift() ?? EMPTY))).toBe(expected, {
          ...{ f: 'first', s: 'second' },
        });
        at(9, () => expect(givenUp).to.deep.equal(['k: never']));
      }),
    );

    it(
      'lets a half wait that fails for now, and goes on with the other one',
      marbles((context) => {
        const { cold, hot, expectObservable } = context;
        const { inBatches } = setUp(context);
        const ends = ['#', '!', '|', '|'];
        const run = (keys: readonly string[]) => {
          const end = ends.shift() ?? '|';
          return cold(end === '|' ? 's|' : 's#', { s: keys.join('') }, end === '!' ? later : never);
        };
        //  the first half fails at 2, and waits until 6
        const keys$ = hot('   w|     ', { w: 'abcd' });
        const expected = '    123---4|';

        expectObservable(spelled(keys$).pipe(inBatches(run))).toBe(expected, {
          ...{ 1: 'abcd', 2: 'ab', 3: 'cd', 4: 'ab' },
        });
      }),
    );

    it(
      'gives up at once without a rule for trying again',
      marbles(({ scheduler, cold, hot, expectObservable }) => {
        const givenUp: string[] = [];
        const run = (keys: readonly string[]) => cold('s#', { s: keys.join('') }, later);
        const options = { maxSize: 10, maxInFlight: 1, scheduler, onGivenUp: (key: string) => givenUp.push(key) };
        expectObservable(hot('k--|').pipe(coalesceInBatches(run, options))).toBe('k--|');
        onTime(scheduler)(9, () => expect(givenUp).to.deep.equal(['k']));
      }),
    );

    it('takes an error that run throws for one of its result', () => {
      const scheduler = new VirtualTimeScheduler();
      const { inBatches, givenUp } = setUp({ scheduler });
      let completed = false;
      of('k')
        .pipe(
          inBatches(() => {
            throw never;
          }),
        )
        .subscribe({ complete: () => (completed = true) });
      scheduler.flush();
      expect([givenUp, completed]).to.deep.equal([['k: never'], true]);
    });

    it('divides the largest batches without growing the stack', () => {
      const scheduler = new VirtualTimeScheduler();
      const { inBatches, givenUp } = setUp({ scheduler });
      let completed = false;
      range(0, 10_000)
        .pipe(
          map((number) => String(number)),
          inBatches(() => throwError(() => never), { maxSize: 10_000 }),
        )
        .subscribe({ complete: () => (completed = true) });
      scheduler.flush();
      expect(givenUp).to.have.lengthOf(10_000);
      expect(completed).to.equal(true);
    });
  });

  describe('ends', () => {
    it(
      'when the keys have ended and everything is done, what waits and what is marked included',
      marbles((context) => {
        const { hot, expectObservable, expectSubscriptions } = context;
        const run = running(context, 's-#', 's--|');
        //  k fails at 2, waits until 6, and comes once more as it runs again
        const keys$ = hot('   k------k|   ');
        const keysSubs = '    ^-------!   ';
        const expected = '    k-----k--k--|';

        expectObservable(keys$.pipe(setUp(context).inBatches(run))).toBe(expected);
        expectSubscriptions(keys$.subscriptions).toBe(keysSubs);

        const waiting$ = hot('k|       ').pipe(setUp(context).inBatches(running(context, 's-#', 's--|')));
        expectObservable(waiting$).toBe('k-----k--|');
      }),
    );

    it(
      'with keys that end while there is nothing to do',
      marbles((context) => {
        const { hot, expectObservable } = context;
        expectObservable(hot('--|').pipe(setUp(context).inBatches(() => EMPTY))).toBe('--|');
        expectObservable(hot('-k--|').pipe(setUp(context).inBatches(() => EMPTY))).toBe('----|');
      }),
    );

    it(
      'in one turn when everything comes at once',
      marbles((context) => {
        const { expectObservable } = context;
        const result$ = of('a', 'b').pipe(setUp(context).inBatches((keys) => of(keys.join(''))));
        expectObservable(result$).toBe('(x|)', { x: 'ab' });
      }),
    );

    it(
      'with an error of the keys at once, unsubscribing from all batches and waits',
      marbles((context) => {
        const { cold, hot, expectObservable, expectSubscriptions } = context;
        const run$ = cold('     -----|');
        const keys$ = hot('   ab--#   ');
        const wake$ = hot('   --------');
        const expected = '    ----#   ';
        const runSubs = '     -^--!   ';
        const wakeSubs = '    -^--!   ';

        const run = ([key]: readonly string[]) => (key === 'a' ? cold('-#', {}, later) : run$);
        expectObservable(keys$.pipe(setUp(context).inBatches(run, { maxInFlight: 2, wake$ }))).toBe(expected);
        expectSubscriptions(run$.subscriptions).toBe(runSubs);
        expectSubscriptions(wake$.subscriptions).toBe(wakeSubs);
      }),
    );

    it(
      'when it is unsubscribed, with all batches and waits, and runs nothing of what is left',
      marbles((context) => {
        const { cold, hot, expectObservable, expectSubscriptions } = context;
        const run$ = cold('     r----|');
        //  a waits from 1 to 5, b and c run, d waits for a place
        const keys$ = hot('   abcbd---');
        const wake$ = hot('   --------');
        const unsub = '       ----!   ';
        const expected = '    -rr-----';
        const runSubs = ['    -^--!   ', '--^-!   '];
        const wakeSubs = '    -^--!   ';
        const keysSubs = '    ^---!   ';

        const run = ([key]: readonly string[]) => (key === 'a' ? cold('-#', {}, later) : run$);
        expectObservable(keys$.pipe(setUp(context).inBatches(run, { maxInFlight: 2, wake$ })), unsub).toBe(expected);
        expectSubscriptions(keys$.subscriptions).toBe(keysSubs);
        expectSubscriptions(run$.subscriptions).toBe(runSubs);
        expectSubscriptions(wake$.subscriptions).toBe(wakeSubs);
      }),
    );

    it('without scheduling anything any more, whatever comes as it is torn down', () => {
      const scheduler = new VirtualTimeScheduler();
      const keys$ = new Subject<string>();
      const batches: string[] = [];
      const run = (keys: readonly string[]) =>
        new Observable<never>(() => {
          batches.push(keys.join(''));
          return () => keys$.next('c');
        });
      const subscription = keys$.pipe(setUp({ scheduler }).inBatches(run, { maxInFlight: 2 })).subscribe();
      keys$.next('a');
      scheduler.flush();
      keys$.next('a');
      subscription.unsubscribe();
      expect(scheduler.actions).to.deep.equal([]);
      expect(batches).to.deep.equal(['a']);
      expect(keys$.observed).to.equal(false);
    });

    it('in the turn in which its keys came, and runs none of them', () => {
      const scheduler = new VirtualTimeScheduler();
      const keys$ = new Subject<string>();
      const batches: string[] = [];
      const run = (keys: readonly string[]) => {
        batches.push(keys.join(''));
        return EMPTY;
      };
      const subscription = keys$.pipe(setUp({ scheduler }).inBatches(run)).subscribe();
      keys$.next('a');
      subscription.unsubscribe();
      scheduler.flush();
      expect(batches).to.deep.equal([]);
    });

    it('in the middle of a divided batch, of which no more is run', () => {
      const scheduler = new VirtualTimeScheduler();
      for (const isAtFault of [true, false]) {
        const batches: string[] = [];
        const over$ = new Subject<void>();
        const run = (keys: readonly string[]) => {
          batches.push(keys.join(''));
          return keys.length > 1 || isAtFault ? throwError(() => never) : of('done');
        };
        const subscription = of('a', 'b')
          .pipe(setUp({ scheduler }).inBatches(run, { onGivenUp: () => over$.next() }), takeUntil(over$), take(1))
          .subscribe();
        scheduler.flush();
        expect(subscription.closed).to.equal(true);
        expect(batches).to.deep.equal(['ab', 'a']);
        expect(scheduler.actions).to.deep.equal([]);
      }
    });
  });

  describe('with a pace', () => {
    /** Two at once, then one every 10 ms. */
    const pace = { period: 10, burst: 2 };

    it(
      'puts keys that come after too many batches in quick succession into one, and lets a lone one begin at once',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const keys$ = hot('   -a-b-c-de---------f----------------g-');
        const expected = '    -a-b-------x---------f-------------g-';
        const run = running(context, 's|');
        const result$ = keys$.pipe(setUp(context).inBatches(run, { pace }));
        expectObservable(result$).toBe(expected, { a: 'a', b: 'b', x: 'cde', f: 'f', g: 'g' });
      }),
    );

    it(
      'lets what is urgent begin at once, with what waits, and what comes after it wait',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const keys$ = hot('   -a-b-c-u-d-----');
        const expected = '    -a-b---x---d---';
        const run = running(context, 's|');
        const isUrgent = (key: string) => key === 'u';
        const result$ = keys$.pipe(setUp(context).inBatches(run, { pace, isUrgent }));
        expectObservable(result$).toBe(expected, { a: 'a', b: 'b', x: 'cu', d: 'd' });
      }),
    );

    it(
      'remembers that something urgent waits while there is no place',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const keys$ = hot('   -a-b-u-c------');
        const expected = '    -a-b-----x----';
        const run = running(context, 's|', 's-----|', 's|');
        const isUrgent = (key: string) => key === 'u';
        const result$ = keys$.pipe(setUp(context).inBatches(run, { pace, isUrgent }));
        expectObservable(result$).toBe(expected, { a: 'a', b: 'b', x: 'uc' });
      }),
    );

    it(
      'lets a batch that is full begin at once',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const keys$ = hot('   -a-b-c-d--e----');
        const expected = '    -a-b---x---e---';
        const run = running(context, 's|');
        const result$ = keys$.pipe(setUp(context).inBatches(run, { pace, maxSize: 2 }));
        expectObservable(result$).toBe(expected, { a: 'a', b: 'b', x: 'cd', e: 'e' });
      }),
    );

    it(
      'lets what waits begin when no more will come, and completes after it',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const keys$ = hot('   -a-b-c--|');
        const expected = '    -a-b----c|';
        const run = running(context, 's|');
        expectObservable(keys$.pipe(setUp(context).inBatches(run, { pace }))).toBe(expected);
      }),
    );

    it(
      'does not count what was urgent or full',
      marbles((context) => {
        const { hot, expectObservable } = context;
        const keys$ = hot('   -u-u-u-(xyz)-b-c----------------');
        const expected = '    -u-u-u-f-----b-c----------------';
        const run = running(context, 's|');
        const isUrgent = (key: string) => key === 'u';
        const result$ = keys$.pipe(setUp(context).inBatches(run, { pace, isUrgent, maxSize: 3 }));
        expectObservable(result$).toBe(expected, { u: 'u', f: 'xyz', b: 'b', c: 'c' });
      }),
    );

    it(
      'lets what is urgent be tried again without waiting, after its wait',
      marbles((context) => {
        const { hot, expectObservable } = context;
        // It fails at 2, waits until 6, and would wait until 13 behind b and c.
        const keys$ = hot('   -u-b-c--------------');
        const expected = '    -u-b-cu-------------';
        const run = running(context, 's#', 's|');
        const isUrgent = (key: string) => key === 'u';
        const slow = { period: 20, burst: 2 };
        const result$ = keys$.pipe(setUp(context).inBatches(run, { pace: slow, isUrgent }));
        expectObservable(result$).toBe(expected, { u: 'u', b: 'b', c: 'c' });
      }),
    );

    it('waits once for all keys that wait, and keeps nothing of waits that are over', () => {
      const scheduler = new VirtualTimeScheduler();
      const keys$ = new Subject<string>();
      let kept = 0;
      const inBatches = setUp({ scheduler }).inBatches(() => EMPTY, { pace: { period: 10, burst: 1 } });
      const subscription = keys$.pipe(inBatches).subscribe();
      const finalizers = (): number => (Reflect.get(subscription, '_finalizers') as readonly unknown[]).length;
      for (let count = 0; count < 20; count++) {
        for (const key of ['a', 'b', 'c']) {
          keys$.next(`${key}${String(count)}`);
          if (count > 0) expect(scheduler.actions).to.have.lengthOf(1);
        }
        const action = scheduler.actions.shift();
        if (action !== undefined) {
          scheduler.frame = action.delay;
          action.execute(action.state as never, action.delay);
        }
        if (count === 1) kept = finalizers();
      }
      expect(finalizers()).to.equal(kept);
      subscription.unsubscribe();
    });

    it('leaves nothing scheduled when it is unsubscribed while keys wait', () => {
      const scheduler = new VirtualTimeScheduler();
      const keys$ = new Subject<string>();
      const batches: string[] = [];
      const run = (keys: readonly string[]) => {
        batches.push(keys.join(''));
        return EMPTY;
      };
      const inBatches = setUp({ scheduler }).inBatches(run, { pace: { period: 10, burst: 1 } });
      const subscription = keys$.pipe(inBatches).subscribe();
      keys$.next('a');
      scheduler.flush();
      keys$.next('b');
      expect(scheduler.actions).to.have.lengthOf(1);
      subscription.unsubscribe();
      expect(scheduler.actions).to.deep.equal([]);
      scheduler.flush();
      expect(batches).to.deep.equal(['a']);
    });

    it('lets nothing wait for longer than a period, although the clock is set back while it waits', () => {
      const scheduler = new VirtualTimeScheduler();
      let setBack = 0;
      scheduler.now = () => scheduler.frame - setBack;
      const keys$ = new Subject<string>();
      const batches: string[] = [];
      const run = (keys: readonly string[]) => {
        batches.push(`${keys.join('')} at ${String(scheduler.frame)}`);
        return EMPTY;
      };
      const inBatches = setUp({ scheduler }).inBatches(run, { pace: { period: 10, burst: 1 } });
      const subscription = keys$.pipe(inBatches).subscribe();
      keys$.next('a');
      scheduler.schedule(() => {
        setBack = 3_600_000;
        keys$.next('b');
      }, 4);
      scheduler.flush();
      expect(batches).to.deep.equal(['a at 0', 'b at 14']);
      subscription.unsubscribe();
    });
  });

  it('schedules one start for all keys of a turn, and none while there is no place', () => {
    const scheduler = new VirtualTimeScheduler();
    const keys$ = new Subject<string>();
    const subscription = keys$.pipe(setUp({ scheduler }).inBatches(() => NEVER)).subscribe();
    for (const key of ['a', 'b', 'c']) keys$.next(key);
    expect(scheduler.actions).to.have.lengthOf(1);
    scheduler.flush();
    for (const key of ['a', 'd', 'e']) keys$.next(key);
    expect(scheduler.actions).to.have.lengthOf(0);
    subscription.unsubscribe();
  });

  it(
    'keeps each subscription to itself',
    marbles((context) => {
      const { cold, hot, expectObservable, expectSubscriptions } = context;
      const run$ = cold('   ---(r|)');
      const keys$ = hot(' -k----k-----');
      const subs = ['     -^--!', '------^--!', '------^--!'];
      const result$ = keys$.pipe(setUp(context).inBatches(() => run$));

      expectObservable(result$, '^------------!').toBe('----r----r---');
      expectObservable(result$, '--^----------!').toBe('---------r---');
      expectSubscriptions(run$.subscriptions).toBe(subs);
    }),
  );

  describe('takes keys that come from within,', () => {
    for (const place of ['start', 'value', 'end', 'teardown', 'failure', 'giving up'] as const) {
      for (const how of ['at once', 'later'] as const) {
        it(`from the ${place} of a run that is done ${how}, each for one more batch`, () => {
          const scheduler = new VirtualTimeScheduler();
          const keys$ = new Subject<string>();
          const batches: string[] = [];
          let sent = false;
          const sendFrom = (where: typeof place): void => {
            if (where !== place || sent) return;
            sent = true;
            for (const key of ['b', 'a', 'a', 'b']) keys$.next(key);
          };
          const run = (keys: readonly string[]) =>
            new Observable<string>((subscriber) => {
              const isFirst = batches.push(keys.join('')) === 1;
              subscriber.add(() => {
                sendFrom('teardown');
              });
              sendFrom('start');
              const end = (): void => {
                subscriber.next('value');
                if (isFirst && (place === 'failure' || place === 'giving up')) {
                  sendFrom('failure');
                  subscriber.error(never);
                  return;
                }
                sendFrom('end');
                subscriber.complete();
              };
              if (how === 'at once') end();
              else subscriber.add(scheduler.schedule(end, 5));
            });
          let completed = false;
          keys$
            .pipe(
              setUp({ scheduler }).inBatches(run, {
                onGivenUp: () => {
                  sendFrom('giving up');
                },
              }),
            )
            .subscribe({
              next: () => {
                sendFrom('value');
              },
              complete: () => (completed = true),
            });
          keys$.next('a');
          scheduler.flush();
          expect(batches).to.deep.equal(['a', 'ba']);
          keys$.complete();
          expect(completed).to.equal(true);
        });
      }
    }
  });

  describe('holds nothing of a key that is done with', () => {
    /** How a run goes, by how many have been started. */
    const runs: Record<string, (started: number) => Observable<unknown>> = {
      'at once': () => of('done'),
      'later, in its own time': () => timer(0),
      'after its batch failed and was tried again': (started) =>
        started % 2 === 1 ? throwError(() => later) : of('done'),
      'after its batch failed later and was tried again': (started) =>
        started % 2 === 1 ? timer(0).pipe(mergeMap(() => throwError(() => later))) : timer(0),
      'as it was given up': (started) => (started < 4 ? throwError(() => never) : of('done')),
    };

    for (const [how, run] of Object.entries(runs)) {
      it(how, async () => {
        const keys$ = new Subject<HeldKey>();
        const nothingLeft$ = new ReplaySubject<void>();
        let started = 0;
        let settled = 0;
        const settle = (keys: readonly unknown[]): void => {
          settled += keys.length;
          if (settled >= 4) nothingLeft$.next();
        };
        const subscription = keys$
          .pipe(
            coalesceInBatches(
              (keys) =>
                defer(() => run(++started)).pipe(
                  tap({
                    complete: () => {
                      settle(keys);
                    },
                  }),
                ),
              {
                ...{ maxSize: 10, maxInFlight: 2, scheduler: asyncScheduler },
                retry: {
                  ...{ initial: 0, max: 0, random: () => 0.5, scheduler: asyncScheduler },
                  retryable: (error) => error === later,
                },
                onGivenUp: () => {
                  settle([undefined]);
                },
              },
            ),
          )
          .subscribe();

        const references = [sendKey(keys$, 'first', 2), sendKey(keys$, 'second', 1), sendKey(keys$, 'third', 1)];
        await new Promise<void>((resolve) => {
          // A turn later, so that a batch of its own is made.
          setImmediate(() => {
            references.push(sendKey(keys$, 'fourth', 1));
            resolve();
          });
        });
        await firstValueFrom(nothingLeft$);
        expect(await aliveOf(references)).to.deep.equal([]);
        expect(keys$.observed).to.equal(true);
        subscription.unsubscribe();
      });
    }
  });
});
