import { expect } from 'chai';
import { EMPTY, NEVER, Observable, map, of, take, throwError } from 'rxjs';
import { mergeCrowd } from '../../src/gateways/mergeCrowd.js';
import { marbles } from '../../src/testing/index.js';

describe('mergeCrowd', () => {
  it(
    'emits what all emit as it comes, and completes when the last one has, whichever that is',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      const [a, b, c] = [cold('1---2|'), cold('-3|'), cold('4--------5|')];
      const crowd$ = hot('ab-c-|').pipe(map((name) => ({ a, b, c })[name] ?? EMPTY));
      expectObservable(crowd$.pipe(mergeCrowd())).toBe('1-342-------5|');
      expectSubscriptions(a.subscriptions).toBe('^----!');
      expectSubscriptions(b.subscriptions).toBe('-^-!');
      expectSubscriptions(c.subscriptions).toBe('---^---------!');
    }),
  );

  it(
    'completes with the crowd when all have completed before, or nobody came',
    marbles(({ cold, expectObservable }) => {
      expectObservable(
        cold('a---|').pipe(
          map(() => of('1')),
          mergeCrowd(),
        ),
      ).toBe('1---|');
      expectObservable(EMPTY.pipe(mergeCrowd<never>())).toBe('|');
      expectObservable(of<Observable<number>[]>(of(1), EMPTY, of(2, 3)).pipe(mergeCrowd())).toBe('(123|)', {
        1: 1,
        2: 2,
        3: 3,
      });
    }),
  );

  it(
    'ends all when one fails, when the crowd fails, and when nobody listens any more',
    marbles(({ hot, cold, expectObservable, expectSubscriptions }) => {
      for (const [crowd, unsubscribed, seen] of [
        ['ab', '^------', '--1--#'],
        ['a---#', '^------', '--1-#'],
        ['a', '^---!', '--1--'],
      ] as const) {
        const [a, b] = [cold('--1---2----'), cold('----#')];
        const crowd$ = hot(crowd).pipe(map((name) => ({ a, b })[name] ?? EMPTY));
        expectObservable(crowd$.pipe(mergeCrowd()), unsubscribed).toBe(seen);
        const end = { ab: '^----!', 'a---#': '^---!', a: '^---!' }[crowd];
        expectSubscriptions(a.subscriptions).toBe(end);
      }
    }),
  );

  it('ends one that goes on by itself as soon as nobody listens any more', () => {
    let asked = 0;
    const endless$ = new Observable<number>((subscriber) => {
      while (!subscriber.closed) subscriber.next(asked++);
    });
    const seen: number[] = [];
    of<Observable<number>[]>(NEVER, endless$, of(7))
      .pipe(mergeCrowd(), take(3))
      .subscribe((value) => seen.push(value));
    expect({ seen, asked }).to.deep.equal({ seen: [0, 1, 2], asked: 3 });
  });

  it('begins nobody after one has failed', () => {
    let begun = 0;
    const counted$ = new Observable<never>(() => {
      begun++;
    });
    const failure = new Error('one of them');
    let caught: unknown;
    of<Observable<never>[]>(
      throwError(() => failure),
      counted$,
    )
      .pipe(mergeCrowd())
      .subscribe({ error: (error: unknown) => (caught = error) });
    expect(caught).to.equal(failure);
    expect(begun).to.equal(0);
  });
});
