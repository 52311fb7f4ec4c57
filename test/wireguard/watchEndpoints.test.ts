import { watchEndpoints } from '../../examples/wireguard/agent/watchEndpoints.js';
import { marbles } from '../../src/testing/index.js';

describe('the endpoints of a machine, watched', () => {
  /** What is read at each time: nothing while an address is being replaced. */
  const changing = (now: () => number) => () => {
    if (now() < 1_000) return ['old'];
    return now() < 1_050 ? [] : ['new'];
  };

  it(
    'are read at once, and when a hint was followed by some quiet',
    marbles(({ scheduler, cold, expectObservable }) => {
      const hints$ = cold('    1s h 49ms h', { h: 'a line' });
      const endpoints$ = watchEndpoints(
        hints$,
        changing(() => scheduler.now()),
        scheduler,
      );
      const until = '          5s !';
      expectObservable(endpoints$, until).toBe('o 1099ms n', { o: ['old'], n: ['new'] });
    }),
  );

  it(
    'are read without a hint, too, though later',
    marbles(({ scheduler, cold, expectObservable }) => {
      const endpoints$ = watchEndpoints(
        cold('-'),
        changing(() => scheduler.now()),
        scheduler,
      );
      expectObservable(endpoints$, '15s !').toBe('o 9999ms n', { o: ['old'], n: ['new'] });
    }),
  );

  it(
    'are not repeated while they are the same',
    marbles(({ scheduler, cold, expectObservable }) => {
      const hints$ = cold('-hhhhh 1s hhh', { h: 'a line' });
      expectObservable(
        watchEndpoints(hints$, () => ['same'], scheduler),
        '30s !',
      ).toBe('o', { o: ['same'] });
    }),
  );
});
