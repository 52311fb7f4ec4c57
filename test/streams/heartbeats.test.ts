import { expect } from 'chai';
import { VirtualTimeScheduler, map, of } from 'rxjs';
import { type HeartbeatResult, StoreError } from '../../src/db/store.js';
import { heartbeats$, nextBeat } from '../../src/streams/heartbeats.js';
import { type MarblesContext, marbles, north } from '../../src/testing/index.js';

const result: HeartbeatResult = { created: false, hasBindings: true, hasTunnels: true };
const unavailable = new StoreError('unavailable', 'gone');

/** What became of each beat: `w` it was written, `f` the store failed, `t` it took too long. */
const beating = (
  { scheduler }: Pick<MarblesContext, 'scheduler'>,
  answers: readonly ReturnType<MarblesContext['cold']>[],
) => {
  const left = [...answers];
  const asked: string[] = [];
  const store = {
    heartbeat: (coordinatorId: string) => {
      asked.push(coordinatorId);
      const answer$ = left.length > 1 ? left.shift()! : left[0]!;
      return answer$.pipe(map(() => result));
    },
  };
  const outcome$ = heartbeats$({ store, coordinatorId: north, period: 10, limit: 7, scheduler }).pipe(
    map((beat) => {
      if (beat.kind === 'written') return beat.result === result ? 'w' : '?';
      return beat.error === unavailable ? 'f' : String(beat.error) === 'StoreError: no answer within 7 ms' ? 't' : '?';
    }),
  );
  return { outcome$, asked };
};

describe('nextBeat', () => {
  const cases = [
    ['a period after the last one was due', 100, 103, 110],
    ['not later because the last one was', 100, 109, 110],
    ['now, when it is due now', 100, 110, 110],
    ['the first whose time has not passed', 100, 124, 130],
    ['not nearer because a timer fired early', 100, 99, 109],
    ['a period from now, when the clock was set back', 100, -5000, -4990],
    ['within a period, when the clock was set forward', 100, 5003, 5010],
  ] as const;
  for (const [what, due, now, expected] of cases) {
    it(`is ${what}`, () => {
      expect(nextBeat(due, now, 10)).to.equal(expected);
    });
  }
});

describe('heartbeats$', () => {
  it('never beats while it is being subscribed to, though the store answers at once', () => {
    const scheduler = new VirtualTimeScheduler();
    const beats: string[] = [];
    const store = { heartbeat: () => of(result) };
    const subscription = heartbeats$({ store, coordinatorId: north, period: 10, limit: 7, scheduler }).subscribe(
      ({ kind }) => beats.push(`${kind} ${String(scheduler.now())}`),
    );
    expect(beats).to.deep.equal([]);
    scheduler.schedule(() => subscription.unsubscribe(), 25);
    scheduler.flush();
    expect(beats).to.deep.equal(['written 0', 'written 10', 'written 20']);
  });

  it('can be unsubscribed after a hundred thousand beats', () => {
    const scheduler = new VirtualTimeScheduler();
    let beats = 0;
    const store = { heartbeat: () => of(result) };
    const subscription = heartbeats$({ store, coordinatorId: north, period: 10, limit: 7, scheduler }).subscribe(
      () => beats++,
    );
    scheduler.schedule(() => subscription.unsubscribe(), 999_995);
    scheduler.flush();
    expect(beats).to.equal(100_000);
  });

  it(
    'beats at once, and then every period',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions, flush }) => {
      const answer$ = cold('  --(r|)');
      const subs = ['         ^-!', '10ms ^-!', '20ms ^-!'];
      const unsub = '         25ms !';
      const expected = '      --w 9ms w 9ms w';

      const { outcome$, asked } = beating({ scheduler }, [answer$]);
      expectObservable(outcome$, unsub).toBe(expected);
      expectSubscriptions(answer$.subscriptions).toBe(subs);
      flush();
      expect(asked).to.deep.equal([north, north, north]);
    }),
  );

  it(
    'goes on after a beat that failed',
    marbles(({ cold, scheduler, expectObservable }) => {
      const [fails$, works$] = [cold('--#', undefined, unavailable), cold('--(r|)')];
      const unsub = '         25ms !';
      const expected = '      --f 9ms f 9ms w';

      expectObservable(beating({ scheduler }, [fails$, fails$, works$]).outcome$, unsub).toBe(expected);
    }),
  );

  it(
    'takes a beat without an answer for failed at its limit, and lets go of it',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const stalls$ = cold('  -');
      const works$ = cold('   -(r|)');
      const stallSubs = '     ^------!   ';
      const workSubs = '      10ms ^!    ';
      const unsub = '         15ms !     ';
      const expected = '      -------t 3ms w';

      expectObservable(beating({ scheduler }, [stalls$, works$]).outcome$, unsub).toBe(expected);
      expectSubscriptions(stalls$.subscriptions).toBe(stallSubs);
      expectSubscriptions(works$.subscriptions).toBe(workSubs);
    }),
  );

  it(
    'skips what falls into a beat that takes longer than the period',
    marbles(({ cold, scheduler, expectObservable }) => {
      const slow$ = cold('24ms (r|)');
      let beats = 0;
      const store = {
        heartbeat: () => {
          beats++;
          return slow$.pipe(map(() => result));
        },
      };
      const options = { coordinatorId: north, period: 10, limit: 50, scheduler };
      // The next are at 30 and at 60: 10 and 20, and 40 and 50, pass.
      const expected = '24ms w 29ms w 29ms w';

      expectObservable(heartbeats$({ store, ...options }).pipe(map(() => 'w')), '85ms !').toBe(expected);
      scheduler.schedule(() => expect(beats).to.equal(3), 85);
    }),
  );

  it(
    'lets go of everything when it is unsubscribed',
    marbles(({ cold, scheduler, expectObservable, expectSubscriptions }) => {
      const answer$ = cold('------(r|)');
      const unsub = '       ---!      ';

      expectObservable(beating({ scheduler }, [answer$]).outcome$, unsub).toBe('----');
      expectSubscriptions(answer$.subscriptions).toBe('^--!');
    }),
  );
});
