import { NEVER, concat, defer, of, throwError } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { type RetryOptions, retryWithBackoff } from '../../../src/streams/operators/retryWithBackoff.js';
import { marbles } from '../../../src/testing/index.js';

/** Waits of 4, 6 and 9 ms, then 10 ms each. */
const options = (scheduler: TestScheduler): RetryOptions => ({ initial: 4, max: 10, random: () => 0.5, scheduler });

describe('retryWithBackoff', () => {
  it(
    'subscribes again for ever, after waits that grow up to the longest',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const source$ = cold(' -#                                         ');
      const subs = [
        '                    ^!                                         ',
        '                    -----^!                                    ',
        '                    ------------^!                             ',
        '                    ----------------------^!                   ',
        '                    ---------------------------------^!        ',
      ];
      const unsub = '        ------------------------------------------!';
      const expected = '     -------------------------------------------';

      expectObservable(source$.pipe(retryWithBackoff(options(scheduler))), unsub).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(subs);
    }),
  );

  it(
    'passes on what a success says, and its completion',
    marbles(({ cold, scheduler, expectObservable }) => {
      const attempts = [cold('--#'), cold('-a--b|')];
      const source$ = defer(() => attempts.shift() ?? NEVER);
      //                fails at 2, waits 4
      const expected = '-------a--b|';

      expectObservable(source$.pipe(retryWithBackoff(options(scheduler)))).toBe(expected);
    }),
  );

  it(
    'starts at the shortest wait again after each value',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const failing$ = cold('#');
      const working$ = cold('a#');
      const attempts = [failing$, failing$, working$, failing$, working$];
      const source$ = defer(() => attempts.shift() ?? NEVER);
      //  waits:             4   6     *4   6
      const failingSubs = [
        '                    (^!)',
        '                    ----(^!)',
        '                    ---------------(^!)',
      ];
      const workingSubs = ['                    ----------^!', '                    ---------------------^!'];
      const expected = '     ----------a----------a---';

      expectObservable(source$.pipe(retryWithBackoff(options(scheduler)))).toBe(expected);
      expectSubscriptions(failing$.subscriptions).toBe(failingSubs);
      expectSubscriptions(working$.subscriptions).toBe(workingSubs);
    }),
  );

  it(
    'ends a wait at once when it is woken, and goes on counting',
    marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
      const source$ = cold(' -#                       ');
      const wake$ = hot('    w--w---------w-----------');
      const subs = [
        '                    ^!                       ',
        '                    ---^!                    ',
        //                       6 ms: nobody wakes it
        '                    ----------^!             ',
        '                    -------------^!          ',
        //                                 10 ms
      ];
      const wakeSubs = [
        '                    -^-!                     ',
        '                    ----^-----!              ',
        '                    -----------^-!           ',
        '                    --------------^--------! ',
      ];
      const unsub = '        -----------------------! ';
      const expected = '     -------------------------';

      expectObservable(source$.pipe(retryWithBackoff({ ...options(scheduler), wake$ })), unsub).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(subs);
      expectSubscriptions(wake$.subscriptions).toBe(wakeSubs);
    }),
  );

  it(
    'waits on when what wakes it completes',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const source$ = cold(' -#       ');
      const wake$ = cold('    -|      ');
      const subs = ['        ^!       ', '-----^!'];
      const unsub = '        -------! ';

      const result$ = source$.pipe(retryWithBackoff({ ...options(scheduler), wake$ }));
      expectObservable(result$, unsub).toBe('--------');
      expectSubscriptions(source$.subscriptions).toBe(subs);
    }),
  );

  it(
    'passes on an error that trying again cannot mend',
    marbles(({ scheduler, expectObservable }) => {
      const errors = ['transient', 'transient', 'final'];
      const source$ = concat(
        of('a'),
        defer(() => throwError(() => errors.shift())),
      );
      const retryable = (error: unknown) => error === 'transient';
      //  waits:            4   4
      const expected = '    a---a---(a#)';

      const result$ = source$.pipe(retryWithBackoff({ ...options(scheduler), retryable }));
      expectObservable(result$).toBe(expected, undefined, 'final');
    }),
  );

  it(
    'counts for each subscription by itself',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const source$ = cold('#');
      const result$ = source$.pipe(retryWithBackoff(options(scheduler)));
      const first = '       ^----------! ';
      const second = '      -^---------! ';

      expectObservable(result$, first).toBe('');
      expectObservable(result$, second).toBe('');
      expectSubscriptions(source$.subscriptions).toBe([
        '                   (^!)         ',
        '                   -(^!)        ',
        '                   ----(^!)     ',
        '                   -----(^!)    ',
        '                   ----------(^!)',
        //                  the second would come at 11, where it is unsubscribed
      ]);
    }),
  );

  it(
    'draws a new chance for each wait',
    marbles(({ scheduler, expectObservable }) => {
      const chances = [0, 0.75, 0.5];
      const source$ = defer(() =>
        concat(
          of(scheduler.now()),
          throwError(() => 'why'),
        ),
      );
      const random = () => chances.shift() ?? 0;
      const result$ = source$.pipe(retryWithBackoff({ ...options(scheduler), random }));
      // A value each time, so each wait is the shortest: 4 ms, less a half; plus a quarter; as it is.
      expectObservable(result$, '------------!').toBe('a-b----c---d', { a: 0, b: 2, c: 7, d: 11 });
    }),
  );

  it(
    'leaves nothing behind when it is unsubscribed while it waits',
    marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
      const source$ = cold(' -#    ');
      const wake$ = hot('    ------w');
      const unsub = '        ---!   ';
      const wakeSubs = '     -^-!   ';

      const result$ = source$.pipe(retryWithBackoff({ ...options(scheduler), wake$ }));
      expectObservable(result$, unsub).toBe('----');
      expectSubscriptions(source$.subscriptions).toBe('^!');
      expectSubscriptions(wake$.subscriptions).toBe(wakeSubs);
    }),
  );
});
