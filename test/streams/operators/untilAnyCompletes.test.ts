import { EMPTY, NEVER } from 'rxjs';
import { untilAnyCompletes } from '../../../src/streams/operators/untilAnyCompletes.js';
import { marbles } from '../../../src/testing/index.js';

describe('untilAnyCompletes', () => {
  it(
    'merges its sources, and completes with the first that does, unsubscribing from the others',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first$ = cold('  -a--b--c--d');
      const second$ = cold(' --x--|     ');
      const third$ = cold('  ------z----');
      const subs = '         ^----!     ';
      const expected = '     -ax-b|     ';

      expectObservable(untilAnyCompletes(first$, second$, third$)).toBe(expected);
      for (const source$ of [first$, second$, third$]) expectSubscriptions(source$.subscriptions).toBe(subs);
    }),
  );

  it(
    'still emits what comes with the completion, and nothing that others say in the same instant afterwards',
    marbles(({ cold, expectObservable }) => {
      const first$ = cold(' --(a|)');
      const second$ = cold('--b---');
      const expected = '    --(a|)';

      expectObservable(untilAnyCompletes(first$, second$)).toBe(expected);
    }),
  );

  it(
    'fails with the first that fails, unsubscribing from the others',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first$ = cold(' -a----b');
      const second$ = cold('---#   ');
      const subs = '        ^--!   ';
      const expected = '    -a-#   ';

      expectObservable(untilAnyCompletes(first$, second$)).toBe(expected);
      expectSubscriptions(first$.subscriptions).toBe(subs);
      expectSubscriptions(second$.subscriptions).toBe(subs);
    }),
  );

  it(
    'does not subscribe to those behind one that is complete from the start',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const before$ = cold('-a-  ');
      const behind$ = cold('-b-  ');
      const expected = '    |    ';

      expectObservable(untilAnyCompletes(before$, EMPTY, behind$)).toBe(expected);
      expectSubscriptions(before$.subscriptions).toBe('(^!)');
      expectSubscriptions(behind$.subscriptions).toBe([]);
    }),
  );

  it(
    'unsubscribes from all when it is unsubscribed',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const first$ = cold(' -a---a---|');
      const second$ = cold('---b---b--');
      const unsub = '       ----!     ';
      const expected = '    -a-b-     ';

      expectObservable(untilAnyCompletes(first$, second$), unsub).toBe(expected);
      expectSubscriptions(first$.subscriptions).toBe(unsub.replace('-', '^'));
      expectSubscriptions(second$.subscriptions).toBe(unsub.replace('-', '^'));
    }),
  );

  it(
    'starts anew with each subscription',
    marbles(({ cold, expectObservable }) => {
      const both$ = untilAnyCompletes(cold('-a|'), NEVER);
      expectObservable(both$, '     ^     ').toBe('-a|     ');
      expectObservable(both$, '     ---^  ').toBe('----a|  ');
    }),
  );
});
