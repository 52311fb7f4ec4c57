import { expect } from 'chai';
import fc from 'fast-check';
import { type MonoTypeOperatorFunction, NEVER, Subject, concat, of, take, tap, throwError } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { type Conflation, conflate } from '../../../src/streams/operators/conflate.js';
import { marbles } from '../../../src/testing/index.js';
import { onTime } from '../support/onTime.js';

/** Holds the last letter only. */
const last = (): Conflation<string> => {
  let waiting: string | undefined;
  return {
    add: (value) => (waiting = value),
    take: () => {
      const taken = waiting;
      waiting = undefined;
      return taken;
    },
  };
};

/** Holds every letter once, in the order in which they came first. */
const each = (): Conflation<string> => {
  const waiting = new Set<string>();
  return {
    add: (value) => waiting.add(value),
    take: () => {
      const [first] = waiting;
      if (first !== undefined) waiting.delete(first);
      return first;
    },
  };
};

const readiness = { y: true, n: false };

describe('conflate', () => {
  it(
    'passes everything on while the receiver is ready',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-b--c-|');
      const ready$ = hot('  y--------', readiness);
      const subs = '        ^-------!';
      const expected = '    -a-b--c-|';

      expectObservable(source$.pipe(conflate(ready$, last))).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(subs);
      expectSubscriptions(ready$.subscriptions).toBe(subs);
    }),
  );

  it(
    'takes a receiver for ready until it says otherwise',
    marbles(({ cold, hot, expectObservable }) => {
      const source$ = cold('-a-b-c');
      const ready$ = hot('  ----n-', readiness);
      const expected = '    -a-b--';

      expectObservable(source$.pipe(conflate(ready$, last))).toBe(expected);
    }),
  );

  it(
    'takes a receiver that never says anything for ready',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-(bc)-d-|');
      const subs = '        ^---------!';
      const expected = '    -a-(bc)-d-|';

      expectObservable(source$.pipe(conflate(undefined, last))).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    }),
  );

  it(
    'fails when the place does, unsubscribing from both',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-x-b-|');
      const ready$ = hot('  y-------', readiness);
      const subs = '        ^--!    ';
      const expected = '    -a-#    ';

      const failing = (): Conflation<string> => {
        const place = last();
        return {
          add: (value) => {
            place.add(value);
          },
          take: () => {
            const taken = place.take();
            if (taken === 'x') throw new Error('a defect');
            return taken;
          },
        };
      };
      expectObservable(source$.pipe(conflate(ready$, failing))).toBe(expected, undefined, new Error('a defect'));
      expectSubscriptions(source$.subscriptions).toBe(subs);
      expectSubscriptions(ready$.subscriptions).toBe(subs);
    }),
  );

  it(
    'merges what comes while the receiver is not ready, and hands it over once it is',
    marbles(({ cold, hot, expectObservable }) => {
      const source$ = cold('-a-b-c--d-e-----f-|');
      const ready$ = hot('  --n----y----------', readiness);
      const expected = '    -a-----cd-e-----f-|';

      expectObservable(source$.pipe(conflate(ready$, last))).toBe(expected);
    }),
  );

  it(
    'hands over, value by value, all that the place holds',
    marbles(({ cold, hot, expectObservable }) => {
      const source$ = cold('-a-b-a-c-------d');
      const ready$ = hot('  n---------y-----', readiness);
      const expected = '    ----------(abc)d';

      expectObservable(source$.pipe(conflate(ready$, each))).toBe(expected);
    }),
  );

  it(
    'asks the receiver anew after each value that it takes',
    marbles(({ cold, scheduler, expectObservable }) => {
      const source$ = cold('(abc)---------d-e---');
      const ready$ = new Subject<boolean>();
      const expected = '    a--b--c-------d--e--';

      expectObservable(source$.pipe(conflate(ready$, each), receivedIn(3, ready$, scheduler))).toBe(expected);
    }),
  );

  it(
    'listens to the receiver before it listens to the source',
    marbles(({ cold, expectObservable }) => {
      const source$ = concat(of('a', 'b'), cold('--c'));
      const ready$ = concat(of(false), cold('    -y-', readiness));
      const expected = '                         -bc';

      expectObservable(source$.pipe(conflate(ready$, last))).toBe(expected);
    }),
  );

  it(
    'keeps to the last word of a receiver that says no more',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = cold('   -a-b-c-');
      const notReady$ = hot('  --n|   ', readiness);
      const readyAgain$ = hot('n-y|   ', readiness);
      const readySubs = '      ^--!   ';

      expectObservable(source$.pipe(conflate(notReady$, last))).toBe('  -a-----');
      expectObservable(source$.pipe(conflate(readyAgain$, last))).toBe('--ab-c-');
      expectSubscriptions(notReady$.subscriptions).toBe(readySubs);
    }),
  );

  it(
    'completes with the source at once, dropping what waits',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-b-|   ');
      const ready$ = hot('  --n----y-', readiness);
      const subs = '        ^----!   ';
      const expected = '    -a---|   ';

      expectObservable(source$.pipe(conflate(ready$, last))).toBe(expected);
      expectSubscriptions(ready$.subscriptions).toBe(subs);
    }),
  );

  it(
    'fails with the source at once, whether the receiver is ready or not',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-b-#   ');
      const ready$ = hot('  --n----y-', readiness);
      const subs = '        ^----!   ';
      const expected = '    -a---#   ';

      expectObservable(source$.pipe(conflate(ready$, last))).toBe(expected);
      expectSubscriptions(ready$.subscriptions).toBe(subs);
    }),
  );

  it(
    'fails when the receiver does, unsubscribing from the source',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-b-c');
      const ready$ = hot<boolean>('----# ');
      const subs = '        ^---! ';
      const expected = '    -a-b# ';

      expectObservable(source$.pipe(conflate(ready$, last))).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    }),
  );

  it(
    'does not subscribe to the source when the receiver has failed before',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-');
      const failed$ = throwError(() => 'broken');

      expectObservable(source$.pipe(conflate(failed$, last))).toBe('#', undefined, 'broken');
      expectSubscriptions(source$.subscriptions).toBe([]);
    }),
  );

  it(
    'unsubscribes from both when it is unsubscribed, by time or by a receiver that has had enough',
    marbles(({ cold, hot, expectObservable, expectSubscriptions }) => {
      const source$ = cold('-a-b-c-d-');
      const ready$ = hot('  n---y----', readiness);
      const unsub = '       ------!  ';
      const takesOne = '    ----(b|) ';
      const subs = ['       ^-----!  ', '^---!'];

      expectObservable(source$.pipe(conflate(ready$, last)), unsub).toBe('----bc');
      expectObservable(source$.pipe(conflate(ready$, each), take(1))).toBe(takesOne.replace('b', 'a'));
      expectSubscriptions(source$.subscriptions).toBe(subs);
      expectSubscriptions(ready$.subscriptions).toBe(subs);
    }),
  );

  it(
    'makes a place of its own for each subscription',
    marbles(({ cold, hot, expectObservable }) => {
      const source$ = cold('-a--b-- ');
      const ready$ = hot('  n----y-y', readiness);
      const result$ = source$.pipe(conflate(ready$, each));

      expectObservable(result$, '   ^-----!   ').toBe('-----(ab)');
      // For this one nobody has ever said that the receiver is not ready.
      expectObservable(result$, '   --^-----! ').toBe('---a--b--');
    }),
  );

  it(
    'tells how its receiver keeps up: what is merged, and how long it was not ready, be it until it was gone',
    marbles(({ cold, hot, scheduler, expectObservable }) => {
      const source$ = cold('-a-b--c-d----');
      const ready$ = hot('  y-n-n--y--n--', readiness);
      const unsub = '       ------------!';
      const heard: string[] = [];
      const hear = (what: string) => heard.push(`${what} at ${String(scheduler.now())}`);
      const telemetry = {
        now: () => scheduler.now(),
        changesConflated: () => hear('merged'),
        receiverStopped: () => hear('stopped'),
        receiverResumed: (milliseconds: number) => hear(`resumed after ${String(milliseconds)}`),
      };
      expectObservable(source$.pipe(conflate(ready$, last, undefined, telemetry)), unsub).toBe('-a-----cd----');
      onTime(scheduler)(20, () =>
        expect(heard).to.deep.equal([
          ...['stopped at 2', 'merged at 3', 'merged at 6', 'resumed after 5 at 7'],
          ...['stopped at 10', 'resumed after 2 at 12'],
        ]),
      );
    }),
  );

  it('finishes with one value before it hands over the next, although the receiver brings that about', () => {
    const source$ = new Subject<string>();
    const events: string[] = [];
    source$.pipe(conflate(NEVER, each)).subscribe((value) => {
      events.push(`takes ${value}`);
      if (value === 'a') source$.next('b');
      events.push(`has taken ${value}`);
    });
    source$.next('a');
    expect(events).to.deep.equal(['takes a', 'has taken a', 'takes b', 'has taken b']);
    source$.complete();
  });

  it('takes nothing out for a receiver that has gone', () => {
    const source$ = new Subject<string>();
    const ready$ = new Subject<boolean>();
    const place = each();
    source$
      .pipe(
        conflate(ready$, () => place),
        take(1),
      )
      .subscribe();
    ready$.next(false);
    source$.next('a');
    source$.next('b');
    ready$.next(true);
    expect(place.take()).to.equal('b');
  });

  it('hands over the last of each key and holds no more than that, whatever comes when, also from the receiver itself', () => {
    type Step = { ready: boolean } | { key: string; answers: readonly Step[] };
    const { step } = fc.letrec<{ step: Step }>((tie) => ({
      step: fc.oneof(
        { maxDepth: 3 },
        fc.record({ ready: fc.boolean() }),
        fc.record({
          key: fc.constantFrom('a', 'b', 'c'),
          // What the receiver does when it is handed this value: its own readiness, or a new value.
          answers: fc.array(tie('step'), { maxLength: 3 }),
        }),
      ),
    }));

    interface Value {
      readonly key: string;
      readonly version: number;
      readonly answers: readonly Step[];
    }

    fc.assert(
      fc.property(fc.array(step, { maxLength: 30, size: 'max' }), (steps) => {
        const source$ = new Subject<Value>();
        const ready$ = new Subject<boolean>();
        const newest = new Map<string, number>();
        const received = new Map<string, number>();
        let versions = 0;
        const receiver = { isReady: true };
        let most = 0;
        // What a receiver throws does not reach those who call: it is kept.
        const wrong: string[] = [];

        const take = (step: Step): void => {
          if ('ready' in step) {
            receiver.isReady = step.ready;
            ready$.next(step.ready);
          } else {
            newest.set(step.key, ++versions);
            source$.next({ ...step, version: versions });
          }
        };
        const byKey = (): Conflation<Value> => {
          const waiting = new Map<string, Value>();
          return {
            add: (value) => {
              waiting.set(value.key, value);
              most = Math.max(most, waiting.size);
            },
            take: () => {
              for (const [key, value] of waiting) {
                waiting.delete(key);
                return value;
              }
              return undefined;
            },
          };
        };

        const subscription = source$.pipe(conflate(ready$, byKey)).subscribe(({ key, version, answers }) => {
          if (!receiver.isReady) wrong.push(`${key} although the receiver is not ready`);
          if (version <= (received.get(key) ?? 0)) wrong.push(`${key} although it is older than the one before`);
          received.set(key, version);
          answers.forEach(take);
        });
        for (const step of steps) {
          take(step);
          if (receiver.isReady) expect(received).to.deep.equal(newest);
        }
        take({ ready: true });
        // A value may have been answered with "not ready". Answers are used up at some point.
        while (!receiver.isReady) take({ ready: true });
        expect(wrong).to.deep.equal([]);
        expect(received).to.deep.equal(newest);
        expect(most).to.be.at.most(3);
        subscription.unsubscribe();
        expect([source$.observed, ready$.observed]).to.deep.equal([false, false]);
      }),
    );
  });
});

/** A receiver that is not ready for so many milliseconds after each value. */
const receivedIn = <T>(time: number, ready$: Subject<boolean>, scheduler: TestScheduler): MonoTypeOperatorFunction<T> =>
  tap(() => {
    ready$.next(false);
    scheduler.schedule(() => ready$.next(true), time);
  });
