import { expect } from 'chai';
import { EMPTY, NEVER, Observable, Subject, type Subscriber, finalize, map, of, take, throwError } from 'rxjs';
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

  it('asks a crowd that comes by itself for no more than is listened to', () => {
    let asked = 0;
    const crowd$ = new Observable<Observable<number>>((subscriber) => {
      while (!subscriber.closed) subscriber.next(of(asked++));
    });
    const seen: number[] = [];
    crowd$.pipe(mergeCrowd(), take(3)).subscribe((value) => seen.push(value));
    expect({ seen, asked }).to.deep.equal({ seen: [0, 1, 2], asked: 3 });
  });

  it('ends first who brings others, then each, though one of them cannot be ended; and completes when all is done with', () => {
    const log: string[] = [];
    const member = (name: string, end = () => {}): Observable<string> =>
      new Observable((subscriber) => {
        members.set(name, subscriber);
        return () => {
          log.push(`${name} ended`);
          end();
        };
      });
    const members = new Map<string, Subscriber<string>>();
    const crowd = new Subject<Observable<string>>();
    const watch = () =>
      crowd
        .pipe(
          finalize(() => log.push('crowd ended')),
          mergeCrowd(),
        )
        .subscribe({ complete: () => log.push('complete') });

    const subscription = watch();
    crowd.next(member('a'));
    crowd.next(
      member('b', () => {
        throw new Error('stuck');
      }),
    );
    crowd.next(member('c'));
    expect(() => {
      subscription.unsubscribe();
    }).to.throw('stuck');
    expect(log.splice(0)).to.deep.equal(['crowd ended', 'a ended', 'b ended', 'c ended']);

    watch();
    crowd.next(member('a'));
    crowd.complete();
    members.get('a')?.complete();
    expect(log).to.deep.equal(['crowd ended', 'a ended', 'complete']);
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
