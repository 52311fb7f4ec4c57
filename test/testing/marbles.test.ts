import { AssertionError } from 'node:assert';
import { expect } from 'chai';
import fc from 'fast-check';
import { NEVER, concat, delay, map, of, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { PeerUpdateKind, errorResponse, updatesResponse } from '../../src/proto/responses.js';
import { uuidToBytes } from '../../src/proto/uuid.js';
import { aNode, bob, marbles, type MarblesBody } from '../../src/testing/index.js';
import { drawMarbles } from '../../src/testing/marbles/drawMarbles.js';

/** What a marble test that fails says. */
const messageOf = (test: () => void): string => {
  try {
    test();
  } catch (error) {
    expect(error).to.be.instanceOf(AssertionError);
    return (error as Error).message;
  }
  throw new Error('expected the marble test to fail');
};

const failing = (body: MarblesBody): string[] => messageOf(marbles(body)).split('\n');

const lines = (...expected: string[]) => ['a stream differs from what was expected', '', ...expected, ''];

describe('marbles', () => {
  it(
    'runs in virtual time with all helpers',
    marbles(({ cold, hot, time, expectObservable, expectSubscriptions, flush, scheduler, animate }) => {
      const source$ = cold('a--b|');
      expectObservable(source$.pipe(delay(time('--|')))).toBe('--a--(b|)');
      expectSubscriptions(source$.subscriptions).toBe('^---!');
      expectObservable(hot('--x|')).toEqual(cold('--x|'));
      flush();
      expect(scheduler.now()).to.be.greaterThan(0);
      expect(animate).to.be.a('function');
    }),
  );

  it(
    'compares by value, and bytes by their content alone',
    marbles(({ expectObservable }) => {
      const value = { bytes: Buffer.from([1, 2]), list: [new Map([[1, { a: NaN }]])], nothing: undefined };
      expectObservable(of(value)).toBe('(a|)', {
        a: { bytes: Uint8Array.of(1, 2), list: [new Map([[1, { a: NaN }]])], nothing: undefined },
      });
    }),
  );

  it('shows both as aligned marbles', () => {
    expect(
      failing(({ cold, expectObservable }) => {
        expectObservable(cold('--a--b-|')).toBe('--a---c|');
      }),
    ).to.deep.equal(
      lines(
        '  expected  --a---c|', //
        '  actual    --a--b-|',
        '',
        '  first difference at 5 ms',
      ),
    );
  });

  it('shows long waits as durations, on both lines alike', () => {
    expect(
      failing(({ cold, expectObservable }) => {
        expectObservable(cold('1s a 2m b 99ms |')).toBe('1s a 2m b');
      }),
    ).to.deep.equal(
      lines(
        '  expected   1s a 2m b 99ms -', //
        '  actual     1s a 2m b 99ms |',
        '',
        '  first difference at 121101 ms',
      ),
    );
  });

  it('makes room for groups, so that what follows stays aligned', () => {
    expect(
      failing(({ cold, expectObservable }) => {
        expectObservable(cold('-(abc)--d|')).toBe('-a-------e|');
      }),
    ).to.deep.equal(
      lines(
        '  expected  -a-------e|', //
        '  actual    -(abc)--d|',
        '',
        '  first difference at 1 ms',
      ),
    );
  });

  it('separates with blanks what follows a group more closely than marbles can say', () => {
    expect(
      failing(({ expectObservable }) => {
        const close$ = concat(of('a', 'b'), timer(1).pipe(map(() => 'c')));
        expectObservable(close$).toBe('(ab)');
      }),
    ).to.deep.equal(
      lines(
        '  expected  (ab)-', //
        '  actual    (ab)(c|)',
        '',
        '  first difference at 1 ms',
      ),
    );
  });

  it('says what letters stand for where they differ, by the names that the test gave them', () => {
    const [one, two, three] = [1, 2, 3].map((derp) =>
      updatesResponse([
        { id: uuidToBytes(bob), node: aNode({ derp, of: bob }), kind: PeerUpdateKind.NODE, reason: 'new' },
      ]),
    );
    expect(
      failing(({ expectObservable }) => {
        const actual$ = concat(of(one), timer(5).pipe(map(() => three)), of(errorResponse('coordinator closed')));
        expectObservable(actual$).toBe('x----(yz|)', { x: one, y: two, z: errorResponse('coordinator closed') });
      }),
    ).to.deep.equal(
      lines(
        '  expected  x----(yz|)', //
        '  actual    x----(az|)',
        '',
        '  first difference at 5 ms',
        '  y = bob NODE derp 2 (new)',
        '  z = error: coordinator closed',
        '  a = bob NODE derp 3 (new)',
      ),
    );
  });

  it('draws what can be pasted into a test', () => {
    const frames = fc.uniqueArray(fc.oneof(fc.nat(40), fc.nat(200_000)), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(frames, frames, (...lines) => {
        const cells = lines.map((line) => [...line].sort((a, b) => a - b).map((frame) => ({ frame, text: 'a' })));
        // Only within `run()` is a character a millisecond.
        const parsed = new TestScheduler(() => undefined).run(() =>
          drawMarbles(cells).map((drawn) =>
            TestScheduler.parseMarbles(drawn, undefined, undefined, false, true).map(({ frame }) => frame),
          ),
        );
        expect(parsed).to.deep.equal(cells.map((line) => line.map(({ frame }) => frame)));
      }),
    );
  });

  it('shows both errors', () => {
    expect(
      failing(({ cold, expectObservable }) => {
        expectObservable(cold('--#', {}, new Error('this'))).toBe('--#', {}, 'that');
      }).filter((line) => !/^\s+at /.test(line)),
    ).to.deep.equal(
      lines(
        '  expected  --#', //
        '  actual    --#',
        '',
        '  first difference at 2 ms',
        "  # expected = 'that'",
        '  # actual = Error: this',
      ),
    );
  });

  it('shows a stream that does nothing', () => {
    expect(failing(({ expectObservable }) => expectObservable(NEVER).toBe('-a'))).to.deep.equal(
      lines('  expected  -a', '  actual    --', '', '  first difference at 1 ms'),
    );
  });

  it('shows subscriptions', () => {
    expect(
      failing(({ cold, expectSubscriptions }) => {
        const source$ = cold('-----a');
        const subscription = source$.subscribe();
        timer(3).subscribe(() => subscription.unsubscribe());
        timer(20).subscribe(() => source$.subscribe());
        expectSubscriptions(source$.subscriptions).toBe(['^----!']);
      }),
    ).to.deep.equal([
      'subscriptions differ from what was expected',
      '',
      '  expected  ^----!',
      '  actual    ^--!',
      '  actual    ------ 14ms ^',
      '',
    ]);
  });

  it('shows everything that failed, each under the name of the test', () => {
    const message = messageOf(
      marbles('two wrongs', ({ cold, expectObservable }) => {
        expectObservable(cold('a')).toBe('b');
        expectObservable(cold('c')).toBe('c');
        expectObservable(cold('d')).toEqual(cold('-d'));
      }),
    );
    expect(message.match(/two wrongs: a stream differs/g)).to.have.lengthOf(2);
    expect(message).to.include('  expected  b\n  actual    a').and.to.include('  expected  -d\n  actual    d');
  });

  it('fails when an expectation was left unsaid', () => {
    expect(
      failing(({ expectObservable }) => {
        expectObservable(NEVER);
      }),
    ).to.deep.equal(['expectObservable() or expectSubscriptions() was called without toBe() or toEqual()', '']);
  });

  it('passes on what the body throws', () => {
    expect(
      marbles(() => {
        throw new RangeError('mine');
      }),
    ).to.throw(RangeError, 'mine');
  });

  it('refuses a body that is async', () => {
    const body = async () => {
      await Promise.resolve();
      throw new Error('too late');
    };
    // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what callers without types or lint do
    expect(marbles(body)).to.throw('the body of marbles() must not be async');
  });
});
