import { expect } from 'chai';
import { EMPTY, type Observable, Subject, asapScheduler, defer, map, merge, mergeMap, of, timer } from 'rxjs';
import { batched } from '../../../src/streams/operators/batched.js';
import { marbles } from '../../../src/testing/index.js';

/** Letters in upper case. */
const upper = (letters: readonly string[]): readonly string[] => letters.map((letter) => letter.toUpperCase());

/** Answers after so many milliseconds, and notes which letters shared a batch. */
const uppercaseAfter =
  (time: number, batches: string[] = []) =>
  (letters: readonly string[]): Observable<readonly string[]> =>
    defer(() => {
      batches.push(letters.join(''));
      return timer(time).pipe(map(() => upper(letters)));
    });

describe('batched', () => {
  it(
    'puts the calls of one turn into one batch, and gives each its own result',
    marbles(({ hot, scheduler, expectObservable, flush }) => {
      const batches: string[] = [];
      const call = batched(uppercaseAfter(3, batches), { maxSize: 10, maxInFlight: 1, scheduler });
      const a$ = hot('      -a--------');
      const b$ = hot('      -b--------');
      const c$ = hot('      -----c----');
      const expected = '    ----(AB)C-';

      expectObservable(merge(a$, b$, c$).pipe(mergeMap(call))).toBe(expected);
      flush();
      expect(batches).to.deep.equal(['ab', 'c']);
    }),
  );

  it(
    'completes each call with its result',
    marbles(({ scheduler, expectObservable }) => {
      const call = batched(uppercaseAfter(3), { maxSize: 10, maxInFlight: 1, scheduler });
      expectObservable(call('a')).toBe('---(A|)');
      expectObservable(call('b')).toBe('---(B|)');
    }),
  );

  it(
    'collects what comes while as many batches as allowed are in flight',
    marbles(({ hot, scheduler, expectObservable, flush }) => {
      const batches: string[] = [];
      const call = batched(uppercaseAfter(4, batches), { maxSize: 10, maxInFlight: 2, scheduler });
      const calls$ = hot('  ab---c-d|');
      //                    c comes when both are through, d while c is in flight
      const expected = '    ----AB---C-(D|)';

      expectObservable(calls$.pipe(mergeMap(call))).toBe(expected);
      flush();
      expect(batches).to.deep.equal(['a', 'b', 'c', 'd']);
    }),
  );

  it(
    'makes the batches larger the busier it is, up to the largest, first come, first served',
    marbles(({ hot, scheduler, expectObservable, flush }) => {
      const batches: string[] = [];
      const call = batched(uppercaseAfter(5, batches), { maxSize: 3, maxInFlight: 1, scheduler });
      const calls$ = hot('  abcdef               ');
      const expected = '    -----A----(BCD)(EF)--';

      expectObservable(calls$.pipe(mergeMap(call))).toBe(expected);
      flush();
      expect(batches).to.deep.equal(['a', 'bcd', 'ef']);
    }),
  );

  it(
    'makes a call when it is subscribed to, once for each subscription',
    marbles(({ scheduler, expectObservable, flush }) => {
      const batches: string[] = [];
      const call = batched(uppercaseAfter(1, batches), { maxSize: 3, maxInFlight: 1, scheduler });
      const a$ = call('a');
      call('never subscribed to');
      expectObservable(a$, '   ---^       ').toBe('    ----(A|)   ');
      expectObservable(a$, '   ------^    ').toBe('    -------(A|)');
      flush();
      expect(batches).to.deep.equal(['a', 'a']);
    }),
  );

  it(
    'leaves out who unsubscribed before the batch starts',
    marbles(({ scheduler, expectObservable, flush }) => {
      const batches: string[] = [];
      const call = batched(uppercaseAfter(4, batches), { maxSize: 2, maxInFlight: 1, scheduler });

      expectObservable(call('a')).toBe('             ----(A|)    ');
      expectObservable(call('b'), '-^-!     ').toBe('------------');
      expectObservable(call('c'), '-^       ').toBe('--------(C|)');
      expectObservable(call('d'), '-^       ').toBe('--------(D|)');
      flush();
      // Nor does anybody who left take up room in it.
      expect(batches).to.deep.equal(['a', 'cd']);
    }),
  );

  it(
    'unsubscribes from a batch that nobody waits for any more, and makes room for the next',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions, flush }) => {
      const batches: string[] = [];
      const answer$ = cold('        -----r|', { r: ['B', 'A'] });
      const call = batched(
        (letters: readonly string[]) => {
          batches.push(letters.join(''));
          return answer$.pipe(map(() => upper(letters)));
        },
        { maxSize: 2, maxInFlight: 1, scheduler },
      );

      expectObservable(call('a'), '^-!       ').toBe('---------');
      expectObservable(call('b'), '^--!      ').toBe('---------');
      expectObservable(call('c'), '^         ').toBe('--------(C|)');
      expectSubscriptions(answer$.subscriptions).toBe([
        '                          ^--!      ',
        '                          ---^----! ',
      ]);
      flush();
      expect(batches).to.deep.equal(['ab', 'c']);
    }),
  );

  it(
    'gives the error of a batch to each of its calls, and goes on',
    marbles(({ cold, scheduler, expectObservable }) => {
      const answers = [cold<readonly string[]>('---#', undefined, 'gone'), cold('--r', { r: ['C'] })];
      const call = batched(() => answers.shift() ?? EMPTY, { maxSize: 2, maxInFlight: 1, scheduler });

      expectObservable(call('a')).toBe('---#     ', undefined, 'gone');
      expectObservable(call('b')).toBe('---#     ', undefined, 'gone');
      expectObservable(call('c')).toBe('-----(C|)');
    }),
  );

  it(
    'divides a batch that failed so, until the item at fault stands alone',
    marbles(({ scheduler, expectObservable, flush }) => {
      const attempts: string[] = [];
      const call = batched(
        (letters: readonly string[]) =>
          timer(1).pipe(
            map(() => {
              attempts.push(letters.join(''));
              if (letters.includes('x')) throw new Error('poison');
              return upper(letters);
            }),
          ),
        { maxSize: 10, maxInFlight: 1, scheduler, divisible: (error) => (error as Error).message === 'poison' },
      );

      // 1: abxcd fails, 2: ab, 3: xcd fails, 4: x fails, 5: cd
      expectObservable(call('a')).toBe('--(A|)   ');
      expectObservable(call('b')).toBe('--(B|)   ');
      expectObservable(call('x')).toBe('----#    ', undefined, new Error('poison'));
      expectObservable(call('c')).toBe('-----(C|)');
      expectObservable(call('d')).toBe('-----(D|)');
      flush();
      expect(attempts).to.deep.equal(['abxcd', 'ab', 'xcd', 'x', 'cd']);
    }),
  );

  it(
    'leaves out of the halves who has unsubscribed since',
    marbles(({ scheduler, expectObservable, flush }) => {
      const attempts: string[] = [];
      const call = batched(
        (letters: readonly string[]) => {
          attempts.push(letters.join(''));
          return timer(2).pipe(
            map(() => {
              if (letters.length > 2) throw new Error('too many');
              return upper(letters);
            }),
          );
        },
        { maxSize: 10, maxInFlight: 1, scheduler, divisible: () => true },
      );

      expectObservable(call('a')).toBe('         ----(A|)   ');
      expectObservable(call('b'), '^!  ').toBe(' -----------');
      expectObservable(call('c')).toBe('         ------(C|) ');
      expectObservable(call('d'), '^--!').toBe(' -----------');
      flush();
      expect(attempts).to.deep.equal(['abcd', 'a', 'c']);
    }),
  );

  it(
    'skips a half that nobody waits for any more',
    marbles(({ scheduler, expectObservable, flush }) => {
      const attempts: string[] = [];
      const call = batched(
        (letters: readonly string[]) => {
          attempts.push(letters.join(''));
          return timer(2).pipe(
            map(() => {
              if (letters.length > 1) throw new Error('too many');
              return upper(letters);
            }),
          );
        },
        { maxSize: 10, maxInFlight: 1, scheduler, divisible: () => true },
      );

      expectObservable(call('a'), '^!').toBe(' ---');
      expectObservable(call('b')).toBe('       ----(B|)');
      flush();
      expect(attempts).to.deep.equal(['ab', 'b']);
    }),
  );

  it(
    'keeps its place while it divides a batch',
    marbles(({ scheduler, expectObservable }) => {
      let running = 0;
      const call = batched(
        (letters: readonly string[]) =>
          defer(() => {
            running++;
            return timer(1).pipe(
              map(() => {
                const together = running--;
                if (letters.length > 1) throw new Error('too many');
                return [together];
              }),
            );
          }),
        { maxSize: 2, maxInFlight: 1, scheduler, divisible: () => true },
      );

      const values = { '1': 1 };
      expectObservable(call('a')).toBe('--(1|)   ', values);
      expectObservable(call('b')).toBe('---(1|)  ', values);
      expectObservable(call('c')).toBe('----(1|) ', values);
    }),
  );

  it(
    'counts the results: too few, too many or none are an error of every call',
    marbles(({ scheduler, expectObservable }) => {
      const call = (answer$: Observable<readonly string[]>) =>
        batched(() => answer$, { maxSize: 10, maxInFlight: 1, scheduler });
      const [few, many, none] = [call(of(['A'])), call(of(['A', 'B', 'C'])), call(EMPTY)];

      for (const letter of ['a', 'b']) {
        const mismatch = (results: number) => new RangeError(`a batch of 2 items got ${String(results)} results`);
        expectObservable(few(letter)).toBe('#', undefined, mismatch(1));
        expectObservable(many(letter)).toBe('#', undefined, mismatch(3));
        expectObservable(none(letter)).toBe('#', undefined, mismatch(0));
      }
    }),
  );

  it(
    'takes what runBatch throws for an error of the batch',
    marbles(({ scheduler, expectObservable }) => {
      const call = batched(
        (): Observable<never> => {
          throw new Error('a defect');
        },
        { maxSize: 10, maxInFlight: 1, scheduler },
      );
      expectObservable(call('a')).toBe('#', undefined, new Error('a defect'));
    }),
  );

  it(
    'takes calls from those whom it has just answered',
    marbles(({ scheduler, expectObservable, flush }) => {
      const batches: string[] = [];
      const call = batched(uppercaseAfter(2, batches), { maxSize: 10, maxInFlight: 1, scheduler });

      expectObservable(merge(call('a'), call('b')).pipe(mergeMap((letter) => call(`${letter.toLowerCase()}c`)))).toBe(
        '----(xy|)',
        { x: 'AC', y: 'BC' },
      );
      flush();
      expect(batches).to.deep.equal(['ab', 'acbc']);
    }),
  );

  it('waits for the end of the turn, and no longer, in real time', () => {
    const answers$ = new Subject<readonly string[]>();
    const batches: string[] = [];
    const heard: string[] = [];
    const call = batched(
      (letters: readonly string[]) => {
        batches.push(letters.join(''));
        return answers$;
      },
      { maxSize: 10, maxInFlight: 1 },
    );
    call('a').subscribe((letter) => heard.push(letter));
    call('b').subscribe((letter) => heard.push(letter));
    expect(batches).to.deep.equal([]);
    asapScheduler.flush();
    expect(batches).to.deep.equal(['ab']);
    answers$.next(['A', 'B']);
    expect(heard).to.deep.equal(['A', 'B']);
    expect(answers$.observed).to.equal(false);
  });
});
