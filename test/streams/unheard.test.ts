import { expect } from 'chai';
import { map } from 'rxjs';
import type { CoordinatorAge } from '../../src/db/store.js';
import { asked, looks$, unheard$, unheardAt } from '../../src/streams/unheard.js';
import { marbles, north, south, west } from '../../src/testing/index.js';

const since = (times: Readonly<Record<string, number>>) => new Map(Object.entries(times));
const aged = (ages: Readonly<Record<string, number>>): readonly CoordinatorAge[] =>
  Object.entries(ages).map(([coordinatorId, age]) => ({ coordinatorId, age }));

describe('asked', () => {
  it('remembers of each who beats the first heartbeat that may not have been heard', () => {
    expect(asked(since({ a: 40 }), aged({ a: 5, b: 20 }), 100, 60)).to.deep.equal(since({ a: 40, b: 80 }));
  });

  it('forgets who beats no more', () => {
    expect(asked(since({ a: 40, b: 50 }), aged({ a: 60 }), 100, 60)).to.deep.equal(since({}));
  });
});

describe('unheardAt', () => {
  it('is who was not heard for the expiry', () => {
    expect(unheardAt(since({ a: 40, b: 41 }), 100, 60)).to.deep.equal(new Set(['a']));
  });
});

describe('unheard$', () => {
  /** Answers of the database, heartbeats that are heard, and who is said not to be; the expiry is 10 ms. */
  const cases = (drawn: { answers: string; heard: string; expected: string }) =>
    marbles(({ scheduler, hot, expectObservable }) => {
      const ages$ = hot(drawn.answers, {
        n: aged({ [north]: 1 }),
        s: aged({ [north]: 1, [south]: 2 }),
        b: aged({ [south]: 2, [west]: 2 }),
        d: aged({ [south]: 11 }),
      });
      const heartbeats$ = hot(drawn.heard, { s: south, w: west, n: north });
      const missing$ = unheard$({ coordinatorId: north, heartbeats$, ages$, expiry: 10, scheduler });
      expectObservable(missing$, `^ ${String(drawn.answers.replaceAll(' ', '').length + 20)}ms !`).toBe(
        drawn.expected,
        { '0': new Set(), s: new Set([south]), b: new Set([south, west]), w: new Set([west]) },
      );
    });

  it(
    'says who beats in the database and is not heard for the expiry, and that it is heard again',
    cases({
      answers: ' s----s----s--------',
      heard: '   ---------------s---',
      expected: '----------s----0---',
    }),
  );

  it(
    'says nothing of who is heard between two answers, nor of the coordinator itself',
    cases({
      answers: ' s----s----s----s',
      heard: '   -s----s----s----',
      expected: '----------------',
    }),
  );

  it(
    'says nothing of who falls silent in the database as well',
    cases({
      answers: ' s---------d',
      heard: '   -----------',
      expected: '-----------',
    }),
  );

  it(
    'says each change once',
    cases({
      answers: ' b---------b----b----n',
      heard: '   ------------s--------',
      expected: '----------b-w-------0',
    }),
  );
});

describe('looks$', () => {
  it(
    'looks at once, again and again while somebody is missing, and once more afterwards',
    marbles(({ scheduler, hot, expectObservable }) => {
      const unheard$ = hot('--a------0---', { a: new Set([south]), '0': new Set<string>() });
      const expected = '    --x--x--xx---';
      expectObservable(looks$(unheard$, 3, scheduler).pipe(map(() => 'x')), '^------------!').toBe(expected);
    }),
  );
});
