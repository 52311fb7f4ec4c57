import { expect } from 'chai';
import { type Observable, Subject, ignoreElements, merge } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { resync$, rollingCheck$, sweep$ } from '../../src/streams/sweep.js';
import { type MarblesContext, marbles } from '../../src/testing/index.js';

const peers = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, index) => `${prefix}${String(index)}`);

/** A view with so many peers, and what is marked to be read, as `n250 b3`: how many neighbourhoods and bindings at a time. */
const setUp = (scheduler: TestScheduler, joined: number, watched: number) => {
  const marked$ = new Subject<string>();
  let turn: string[] = [];
  const mark = (what: string) => {
    if (turn.length === 0) {
      scheduler.schedule(() => {
        const counts = ['n', 'b'].map((kind) => [kind, turn.filter((entry) => entry.startsWith(kind)).length] as const);
        turn = [];
        marked$.next(
          counts
            .filter(([, count]) => count > 0)
            .map(([kind, count]) => `${kind}${String(count)}`)
            .join(' '),
        );
      });
    }
    turn.push(what);
  };
  const view = { joined: () => peers(joined, 'j').values(), watched: () => peers(watched, 'w').values() };
  return {
    marked$: marked$.asObservable(),
    options: {
      view,
      querier: { refreshNeighbours: () => mark('n'), refreshBindings: () => mark('b') },
      ...{ chunk: 250, scheduler },
    },
  };
};

describe('sweep$', () => {
  it(
    'goes in chunks, first over whom peers share tunnels with, then over the bindings',
    marbles(({ scheduler, expectObservable }) => {
      const { marked$, options } = setUp(scheduler, 501, 250);
      expectObservable(sweep$(options, (chunks) => chunks * 10)).toBe('100ms |');
      expectObservable(marked$).toBe('a 29ms a 29ms b 29ms c', { a: 'n250', b: 'n1', c: 'b250' });
    }),
  );

  it(
    'has nothing to do where nobody is',
    marbles(({ scheduler, expectObservable }) => {
      const { marked$, options } = setUp(scheduler, 0, 0);
      expectObservable(sweep$(options, () => 10)).toBe('|');
      expectObservable(marked$).toBe('-');
    }),
  );

  it(
    'says no more of a peer than who it is, as if a hint had told of it',
    marbles(({ scheduler, expectObservable, flush }) => {
      const said: unknown[][] = [];
      const note = (...what: unknown[]) => void said.push(what);
      const view = { joined: () => ['j0', 'j1'].values(), watched: () => ['w0', 'w1'].values() };
      const querier = { refreshNeighbours: note, refreshBindings: note };
      expectObservable(sweep$({ view, querier, chunk: 250, scheduler }, () => 10)).toBe('20ms |');
      flush();
      expect(said).to.deep.equal([['j0'], ['j1'], ['w0'], ['w1']]);
    }),
  );

  it('looks at who is there when it comes to it', () => {
    const read: string[] = [];
    marbles(({ scheduler, expectObservable }) => {
      const joined = ['alice'];
      const watched: string[] = [];
      const options = {
        view: { joined: () => joined.values(), watched: () => watched.values() },
        querier: {
          refreshNeighbours: (peerId: string) => {
            read.push(peerId);
            watched.push('bob');
          },
          refreshBindings: (peerId: string) => void read.push(peerId),
        },
        ...{ chunk: 250, scheduler },
      };
      expectObservable(sweep$(options, () => 5)).toBe('10ms |');
    })();
    expect(read).to.deep.equal(['alice', 'bob']);
  });
});

describe('resync$', () => {
  const resync = ({ scheduler }: MarblesContext, gaps$: Observable<unknown>, joined = 1, watched = 1) => {
    const { marked$, options } = setUp(scheduler, joined, watched);
    return { marked$, work$: resync$(gaps$, { ...options, jitter: 250, random: () => 0.4 }) };
  };

  it(
    'sweeps once, a little later at random, however many gaps come until then',
    marbles((context) => {
      const { marked$, work$ } = resync(context, context.hot('g-g-g 90ms g'));
      context.expectObservable(work$).toBe('-');
      context.expectObservable(marked$).toBe('100ms n----b', { n: 'n1', b: 'b1' });
    }),
  );

  it(
    'sweeps again for a gap during a sweep, and once for several',
    marbles((context) => {
      const { marked$, work$ } = resync(context, context.hot('g 9ms g 99ms g 199ms g'), 10_000, 0);
      // 40 chunks, 5 ms apart: from 100 ms to 300 ms, then again.
      context.expectObservable(work$).toBe('-');
      const sweep = (count: number) => 'a----'.repeat(count);
      context.expectObservable(marked$).toBe(`100ms ${sweep(40)}${sweep(40)}${sweep(40)}`, { a: 'n250' });
    }),
  );

  it(
    'stops in the middle when it is unsubscribed',
    marbles((context) => {
      const { marked$, work$ } = resync(context, context.hot('g'), 1000, 0);
      context.expectObservable(work$, '^ 106ms !').toBe('-');
      context.expectObservable(marked$).toBe('100ms a----a', { a: 'n250' });
    }),
  );
});

describe('rollingCheck$', () => {
  it(
    'has looked at everything once in every period, a chunk at a time',
    marbles(({ scheduler, expectObservable }) => {
      const { marked$, options } = setUp(scheduler, 500, 1);
      expectObservable(rollingCheck$(1000, options), '^ 3500ms !').toBe('-');
      expectObservable(marked$).toBe('1s a 249ms a 249ms b 499ms a 249ms a 249ms b 499ms a 249ms a 249ms b', {
        ...{ a: 'n250', b: 'b1' },
      });
    }),
  );

  it(
    'costs nothing where nobody is, and finds those who come',
    marbles(({ scheduler, expectObservable }) => {
      const joined: string[] = [];
      const read$ = new Subject<string>();
      const options = {
        view: { joined: () => joined.values(), watched: () => [].values() },
        querier: { refreshNeighbours: (peerId: string) => read$.next(peerId), refreshBindings: () => undefined },
        ...{ chunk: 250, scheduler },
      };
      scheduler.schedule(() => joined.push('a'), 2500);
      expectObservable(merge(read$, rollingCheck$(1000, options).pipe(ignoreElements())), '^ 4100ms !').toBe(
        '3s a 999ms a',
      );
    }),
  );
});
