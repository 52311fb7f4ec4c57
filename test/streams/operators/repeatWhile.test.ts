import { expect } from 'chai';
import { Observable, defer, of, take, toArray } from 'rxjs';
import { repeatWhile } from '../../../src/streams/operators/repeatWhile.js';
import { marbles } from '../../../src/testing/index.js';

/** Holds so many times. */
const times = (count: number) => () => count-- > 0;

describe('repeatWhile', () => {
  it(
    'subscribes again as long as the condition holds when the source completes',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('  a--b|        ');
      const subscriptions = ['^---!', '----^---!', '--------^---!'];
      const expected = '      a--ba--ba--b|';
      expectObservable(source$.pipe(repeatWhile(times(2)))).toBe(expected);
      expectSubscriptions(source$.subscriptions).toBe(subscriptions);
    }),
  );

  it(
    'passes an error on, and does not repeat',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold(' a--#');
      expectObservable(source$.pipe(repeatWhile(() => true))).toBe('a--#');
      expectSubscriptions(source$.subscriptions).toBe('^--!');
    }),
  );

  it(
    'leaves the source when it is left',
    marbles(({ cold, expectObservable, expectSubscriptions }) => {
      const source$ = cold('   a-|');
      const unsubscribed = '   ^----!';
      expectObservable(source$.pipe(repeatWhile(() => true)), unsubscribed).toBe('a-a-a-');
      expectSubscriptions(source$.subscriptions).toBe(['^-!', '--^-!', '----^!']);
    }),
  );

  it('stops when it is left in the middle of repeating at once', () => {
    const seen: number[] = [];
    of(1)
      .pipe(
        repeatWhile(() => true),
        take(3),
      )
      .subscribe((value) => seen.push(value));
    expect(seen).to.deep.equal([1, 1, 1]);
  });

  it('tears each run down before the next one starts, and before it completes', () => {
    const story: string[] = [];
    const source$ = new Observable<never>((subscriber) => {
      story.push('start');
      subscriber.complete();
      return () => story.push('end');
    });
    source$.pipe(repeatWhile(times(1))).subscribe({ complete: () => story.push('complete') });
    expect(story).to.deep.equal(['start', 'end', 'start', 'end', 'complete']);
  });

  it('does not grow the stack, however often the source completes at once', () => {
    let count = 0;
    const source$ = defer(() => of(++count));
    source$
      .pipe(
        repeatWhile(() => count < 100_000),
        toArray(),
      )
      .subscribe((values) => {
        expect(values).to.have.lengthOf(100_000);
      });
    expect(count).to.equal(100_000);
  });
});
