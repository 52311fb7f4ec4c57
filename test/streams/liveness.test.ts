import { expect } from 'chai';
import fc from 'fast-check';
import {
  type Observable,
  type SchedulerLike,
  NEVER,
  Observable as Source,
  Subject,
  VirtualTimeScheduler,
  defer,
  map,
  of,
  throwError,
  timer,
} from 'rxjs';
import type { CoordinatorAge } from '../../src/db/store.js';
import { answered, heard, liveness$, notAfter, untilSilent } from '../../src/streams/liveness.js';
import { marbles, nameOf, north, south, west } from '../../src/testing/index.js';
import { settable } from './support/settable.js';

/** Everybody with the time at which they were heard, or are that old. */
const heardAt = (times: Readonly<Record<string, number>>) => new Map(Object.entries(times));
const aged = (ages: Readonly<Record<string, number>>): readonly CoordinatorAge[] =>
  Object.entries(ages).map(([coordinatorId, age]) => ({ coordinatorId, age }));

describe('heard', () => {
  it('takes note of the time, of somebody new as of somebody known, and changes nothing that was handed out', () => {
    const before = heardAt({ a: 1 });
    expect(heard(before, 'b', 5)).to.deep.equal(heardAt({ a: 1, b: 5 }));
    expect(heard(before, 'a', 5)).to.deep.equal(heardAt({ a: 5 }));
    expect(before).to.deep.equal(heardAt({ a: 1 }));
  });
});

describe('untilSilent', () => {
  const cases = [
    ['the whole expiry, when there is nobody', {}, 100, 60],
    ['what is left for the only one', { a: 90 }, 100, 50],
    ['what is left for the one that has been silent for longest', { a: 90, b: 70, c: 100 }, 100, 30],
    ['1, for one that falls silent in the next millisecond', { a: 41, b: 100 }, 100, 1],
    ['0, for one that has been silent for exactly the expiry', { a: 40, b: 41 }, 100, 0],
    ['0, for one that is overdue', { a: -1000 }, 100, 0],
    ['the whole expiry at most, if somebody was heard in the future', { a: 5000 }, 100, 60],
    ['what is left for another, if somebody was heard in the future', { a: 5000, b: 50 }, 100, 10],
  ] as const;
  for (const [what, times, now, expected] of cases) {
    it(`is ${what}`, () => {
      expect(untilSilent(heardAt(times), now, 60)).to.equal(expected);
    });
  }
});

describe('notAfter', () => {
  it('brings those who were heard in the future back to just before now, and leaves the others', () => {
    expect(notAfter(heardAt({ a: 101, b: 100, c: 99, d: 5000 }), 100)).to.deep.equal(
      heardAt({ a: 99, b: 100, c: 99, d: 99 }),
    );
  });

  it('is the same map when nobody was', () => {
    const state = heardAt({ a: 100, b: 0 });
    expect(notAfter(state, 100)).to.equal(state);
  });
});

describe('answered', () => {
  // Asked at 100, answered at 110; 60 is the expiry.
  const cases = [
    ['knows who wrote a heartbeat, though it was never heard', {}, { a: 20 }, { a: 90 }],
    ['takes the database’s word for when somebody was last alive', { a: 95 }, { a: 55 }, { a: 55 }],
    ['gives up who did not write within the expiry', { a: 50 }, {}, {}],
    ['keeps who wrote just within the expiry', { a: 50 }, { a: 59 }, { a: 51 }],
    ['gives up who wrote exactly the expiry ago, or longer', { a: 50, b: 50 }, { a: 60, b: 61 }, {}],
    ['keeps who was heard after the question, though the database does not know of it', { a: 101 }, {}, { a: 101 }],
    [
      'keeps who was heard in the instant of the question: the database may have read before',
      { a: 100 },
      {},
      { a: 100 },
    ],
    ['gives up who was heard just before the question: the answer has seen that', { a: 99 }, {}, {}],
    ['keeps the time of who was heard after the question, whatever age it has', { a: 105 }, { a: 50 }, { a: 105 }],
    ['treats each by itself', { a: 50, b: 101, c: 70 }, { c: 1, d: 2 }, { b: 101, c: 109, d: 108 }],
  ] as const;
  for (const [what, before, ages, after] of cases) {
    it(what, () => {
      const state = heardAt(before);
      expect(answered(state, aged(ages), { askedAt: 100, now: 110, expiry: 60, mayRemove: true })).to.deep.equal(
        heardAt(after),
      );
      expect(state, 'what was handed out').to.deep.equal(heardAt(before));
    });
  }

  it('gives up nobody while it may not, but adds and refreshes', () => {
    const state = heardAt({ a: 20, b: 40, c: 105 });
    const ages = aged({ a: 60, b: 5, c: 5, d: 59, e: 60 });
    expect(answered(state, ages, { askedAt: 100, now: 110, expiry: 60, mayRemove: false })).to.deep.equal(
      heardAt({ a: 20, b: 105, c: 105, d: 51 }),
    );
    expect(state).to.deep.equal(heardAt({ a: 20, b: 40, c: 105 }));
  });

  it('is within the expiry for everybody it keeps, so that they are not asked for again at once', () => {
    const time = fc.integer({ min: -200, max: 300 });
    fc.assert(
      fc.property(
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), time),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 0, max: 200 })),
        fc.nat(40),
        (before, ages, took) => {
          const now = 100 + took;
          const after = answered(heardAt(before), aged(ages), { askedAt: 100, now, expiry: 60, mayRemove: true });
          for (const id of ['a', 'b', 'c']) {
            const wasHeardSince = (before[id] ?? -Infinity) >= 100;
            expect(after.has(id), id).to.equal(wasHeardSince || (ages[id] ?? Infinity) < 60);
          }
          expect(untilSilent(after, now, 60)).to.be.greaterThan(0);
        },
      ),
    );
  });
});

const heartbeats = { n: north, s: south, w: west };
const sets = { '0': 'nobody', s: 'south', w: 'west', b: 'south and west' };

const inWords = map((live: ReadonlySet<string>) => [...live].map(nameOf).sort().join(' and ') || 'nobody');

/** Ages as the database of a picture gives them. */
const ages = { '0': aged({}), s: aged({ [south]: 4 }), o: aged({ [south]: 9 }), b: aged({ [south]: 4, [west]: 9 }) };

/** North, for which others are silent after 10 ms. */
const northHears = (
  scheduler: SchedulerLike,
  given: {
    readonly gaps$: Observable<unknown>;
    readonly readAges$: Observable<readonly CoordinatorAge[]>;
    readonly heartbeats$?: Observable<string>;
    readonly trouble$?: Observable<unknown>;
  },
): Observable<string> =>
  liveness$({
    ...{ coordinatorId: north, expiry: 10, heartbeats$: NEVER, scheduler, ...calm(scheduler) },
    ...given,
  }).pipe(inWords);

/** No trouble but with questions: asked again after 4 ms, slow after 5; others need 6 ms to write a heartbeat. */
const calm = (scheduler: SchedulerLike) => ({
  backoff: { initial: 4, max: 4, random: () => 0.5, scheduler },
  ...{ trouble$: NEVER, limit: 5, grace: 6 },
});

describe('liveness$', () => {
  it(
    'asks now and then though nobody has gone silent, and so finds who cannot be heard',
    marbles(({ scheduler, cold, expectObservable }) => {
      let asked = 0;
      const live$ = liveness$({
        coordinatorId: north,
        heartbeats$: NEVER,
        gaps$: cold('g'),
        readAges$: defer(() => of(asked++ < 2 ? [] : aged({ [south]: 1 }))),
        backoff: { initial: 1, max: 1, random: () => 0, scheduler },
        trouble$: NEVER,
        ...{ expiry: 10, limit: 5, grace: 5, lookPeriod: 20, scheduler },
      }).pipe(map((live) => [...live].map(nameOf).join()));
      expectObservable(live$, '^ 45ms !').toBe('a 39ms s', { a: '', s: 'south' });
    }),
  );

  it(
    'asks the database when it begins to hear, and after each gap',
    marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
      const gaps$ = hot('    -g-----g------');
      const readAges$ = cold(' --(s|)      ', ages);
      const asked = ['       -^-!          ', '-------^-!'];
      const unsub = '        ----------!   ';
      const expected = '     ---s------    ';

      expectObservable(northHears(scheduler, { gaps$, readAges$ }), unsub).toBe(expected, sets);
      expectSubscriptions(readAges$.subscriptions).toBe(asked);
      expectSubscriptions(gaps$.subscriptions).toBe('^---------!');
    }),
  );

  it(
    'says that there is nobody else, when the database says so',
    marbles(({ cold, hot, scheduler, expectObservable }) => {
      const gaps$ = hot('    g-------');
      const readAges$ = cold('--(0|)  ', ages);
      const expected = '     --0-----';

      expectObservable(northHears(scheduler, { gaps$, readAges$ }), '7ms !').toBe(expected, sets);
    }),
  );

  it(
    'takes whom it hears for live at once, without asking, and does not repeat what is known',
    marbles(({ hot, scheduler, expectObservable, expectSubscriptions, cold }) => {
      const heartbeats$ = hot('-s-s-w-sw-', heartbeats);
      const readAges$ = cold<readonly CoordinatorAge[]>('(0|)', ages);
      const expected = '       -s---b----';

      expectObservable(northHears(scheduler, { gaps$: NEVER, readAges$, heartbeats$ })).toBe(expected, sets);
      expectSubscriptions(readAges$.subscriptions).toBe([]);
    }),
  );

  it(
    'does not count itself among the others, whether heard or read',
    marbles(({ cold, hot, scheduler, expectObservable }) => {
      const gaps$ = hot('      ----g-----');
      const heartbeats$ = hot('-n-s-n----', heartbeats);
      const readAges$ = cold('     (r|)  ', { r: aged({ [north]: 1, [south]: 1 }) });
      const expected = '       ---s------';

      expectObservable(northHears(scheduler, { gaps$, readAges$, heartbeats$ }), '9ms !').toBe(expected, sets);
    }),
  );

  it(
    'asks the database before it gives anybody up, and gives up nobody until it answers',
    marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
      const gaps$ = hot('      g-----------------');
      const heartbeats$ = hot('--s---------------', heartbeats);
      const readAges$ = cold<readonly CoordinatorAge[]>('---(0|)', ages);
      const asked = ['         ^--!              ', '------------^--!'];
      const unsub = '          -----------------!';
      //  The first answer comes at 3, to a question that is older than the heartbeat; south is silent at 12.
      const expected = '       --s------------0--';

      expectObservable(northHears(scheduler, { gaps$, readAges$, heartbeats$ }), unsub).toBe(expected, sets);
      expectSubscriptions(readAges$.subscriptions).toBe(asked);
    }),
  );

  it(
    'keeps whom the database has seen alive, and asks again when that would have become silent',
    marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
      const gaps$ = hot('g');
      //  Asked at 0: south is 4 ms old. At 6: 9 ms old at 7. At 8: gone.
      const answers = [cold('(s|)', ages), cold('-(o|)', ages), cold('-(0|)', ages)];
      const [first$, second$, third$] = answers;
      const unsub = '    15ms !   ';
      const expected = ' s--------0';

      const readAges$ = defer(() => answers.shift() ?? NEVER);
      expectObservable(northHears(scheduler, { gaps$, readAges$ }), unsub).toBe(expected, sets);
      expectSubscriptions(first$!.subscriptions).toBe('(^!)      ');
      expectSubscriptions(second$!.subscriptions).toBe('------^!  ');
      expectSubscriptions(third$!.subscriptions).toBe(' --------^!');
    }),
  );

  it(
    'does not ask while everybody is heard in time',
    marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
      const gaps$ = hot('      g-----------------------------');
      const heartbeats$ = hot('-sw----s-w-----sw-----s--w----', heartbeats);
      const readAges$ = cold(' (0|)', ages);
      const unsub = '          -----------------------------!';
      const expected = '       0sb---------------------------';

      expectObservable(northHears(scheduler, { gaps$, readAges$, heartbeats$ }), unsub).toBe(expected, sets);
      expectSubscriptions(readAges$.subscriptions).toBe('(^!)');
    }),
  );

  it(
    'gives up two that fall silent one millisecond apart, each at its time',
    marbles(({ hot, scheduler, expectObservable }) => {
      const gaps$ = hot('      g--------------');
      const heartbeats$ = hot('-sw------------', heartbeats);
      const expected = '       0sb--------w0--';

      expectObservable(
        northHears(scheduler, { gaps$, heartbeats$, readAges$: readFrom(scheduler, { [south]: 1, [west]: 2 }) }),
        '14ms !',
      ).toBe(expected, sets);
    }),
  );

  it(
    'gives up two that fall silent one millisecond apart, though the answer for the first comes when the second is overdue',
    marbles(({ hot, scheduler, expectObservable }) => {
      const gaps$ = hot('      g----------------------');
      const heartbeats$ = hot('-sw--------------------', heartbeats);
      //  Asked at 11, read at 11, answered at 14; west was alive 9 ms before that, as far as is known here.
      const expected = '       -sb-----------w---0----';
      const readAges$ = readFrom(scheduler, { [south]: 1, [west]: 2 }, 3);

      expectObservable(northHears(scheduler, { gaps$, heartbeats$, readAges$ }), '22ms !').toBe(expected, sets);
    }),
  );

  it(
    'gives up after 6 s of silence to the millisecond, when beats come every 2 s',
    marbles(({ hot, scheduler, expectObservable }) => {
      const heartbeats$ = hot('s 1999ms s', heartbeats);
      const live$ = liveness$({
        ...{ coordinatorId: north, expiry: 6_000, scheduler, heartbeats$, ...calm(scheduler) },
        gaps$: of('listening'),
        readAges$: readFrom(scheduler, { [south]: 2_000 }),
      });
      expectObservable(live$.pipe(inWords), '20s !').toBe('(0s) 7996ms 0', sets);
    }),
  );

  it(
    'gives up nobody while the database fails, for as long as that takes',
    marbles(({ hot, scheduler, expectObservable }) => {
      const gaps$ = hot('      g                          ');
      const heartbeats$ = hot('-sw------------------------', heartbeats);
      const isDown = (): boolean => scheduler.now() > 5 && scheduler.now() < 100;
      const readAges$ = defer(() =>
        isDown() ? throwError(() => 'down') : readFrom(scheduler, { [south]: 1, [west]: 2 }),
      );
      //  Asked at 11, and every 4 ms from then on: in vain at 99, too soon after that at 103, and again at 105.
      const expected = '       0sb 102ms 0               ';

      expectObservable(northHears(scheduler, { gaps$, heartbeats$, readAges$ }), '150ms !').toBe(expected, sets);
    }),
  );

  it(
    'gives up nobody for a while after trouble, and then asks',
    marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
      const gaps$ = hot('      g---------------------');
      const heartbeats$ = hot('-sw--------------s----', heartbeats);
      const trouble$ = hot('   --------t---t---------');
      const readAges$ = cold<readonly CoordinatorAge[]>('(s|)', ages);
      //  South is heard again in time; west is not.
      const asked = ['         (^!)', '------------------(^!)'];
      const expected = '       s-b---------------s---';

      expectObservable(northHears(scheduler, { gaps$, readAges$, heartbeats$, trouble$ }), '21ms !').toBe(
        expected,
        sets,
      );
      expectSubscriptions(readAges$.subscriptions).toBe(asked);
    }),
  );

  it(
    'gives up nobody for an answer that was asked for in trouble, or before it',
    marbles(({ hot, scheduler, expectObservable }) => {
      const gaps$ = hot('      g------------g---------');
      const heartbeats$ = hot('-sw--------------------', heartbeats);
      const trouble$ = hot('   ------------t----------');
      //  Asked at 11, at 13 after the gap, and answered at 16 and, when nobody spoke of trouble for 6 ms, at 21.
      const readAges$ = readFrom(scheduler, { [south]: 1, [west]: 2 }, 3);
      const expected = '       -sb------------------0-';

      expectObservable(northHears(scheduler, { gaps$, heartbeats$, readAges$, trouble$ }), '22ms !').toBe(
        expected,
        sets,
      );
    }),
  );

  it(
    'does not believe an answer of which the question came just before the time was over',
    marbles(({ hot, scheduler, expectObservable }) => {
      const gaps$ = hot('      g----------------g--------');
      const heartbeats$ = hot('-sw-----------------------', heartbeats);
      const trouble$ = hot('   ------------t-------------');
      //  Asked at 17, answered at 20; asked at 20, answered at 23.
      const readAges$ = readFrom(scheduler, { [south]: 1, [west]: 2 }, 3);
      const expected = '       -sb--------------------0--';

      expectObservable(northHears(scheduler, { gaps$, heartbeats$, readAges$, trouble$ }), '25ms !').toBe(
        expected,
        sets,
      );
    }),
  );

  it(
    'takes an answer that was long in coming for trouble',
    marbles(({ hot, scheduler, expectObservable }) => {
      const gaps$ = hot('      g---------------------------');
      const heartbeats$ = hot('-sw---------------------s---', heartbeats);
      const latencies = [0, 6, 5];
      const readAges$ = defer(() => readFrom(scheduler, { [south]: 1, [west]: 2 }, latencies.shift()));
      //  Asked at 11, answered at 17; then asked at 23, answered at 28.
      const expected = '       0sb-------------------------s';

      expectObservable(northHears(scheduler, { gaps$, heartbeats$, readAges$ }), '30ms !').toBe(expected, sets);
    }),
  );

  it(
    'gives somebody up in the end, although the clock was set back in trouble',
    marbles(({ hot, scheduler, expectObservable }) => {
      const clock = settable(scheduler);
      scheduler.schedule(() => clock.set(-1_000_000), 10);
      const gaps$ = hot('      g----------------------------');
      const heartbeats$ = hot('-s---------------------------', heartbeats);
      const trouble$ = hot('   ---------t-------------------');
      const readAges$ = readFrom(scheduler, { [south]: 1 });
      const expected = '       0s-----------------0---------';

      expectObservable(northHears(clock, { gaps$, heartbeats$, readAges$, trouble$ }), '40ms !').toBe(expected, sets);
    }),
  );

  it(
    'keeps whom it hears while it asks, though the database has not seen it',
    marbles(({ cold, hot, scheduler, expectObservable }) => {
      const gaps$ = hot('      g------------------');
      const heartbeats$ = hot('-sw---------w------', heartbeats);
      const readAges$ = cold<readonly CoordinatorAge[]>('---(0|)', ages);
      //  Asked at 11, answered at 14.
      const expected = '       -sb-----------w----';

      expectObservable(northHears(scheduler, { gaps$, readAges$, heartbeats$ }), '18ms !').toBe(expected, sets);
    }),
  );

  it(
    'asks anew when there is a gap while it asks',
    marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
      const gaps$ = hot('     g-g---------');
      const readAges$ = cold('---(s|)     ', ages);
      const asked = ['        ^-!         ', '--^--!'];
      const expected = '      -----s      ';

      expectObservable(northHears(scheduler, { gaps$, readAges$ }), '8ms !').toBe(expected, sets);
      expectSubscriptions(readAges$.subscriptions).toBe(asked);
    }),
  );

  it(
    'asks in time, and gives up in the end, although the clock was set back',
    marbles(({ hot, scheduler, expectObservable }) => {
      const clock = settable(scheduler);
      scheduler.schedule(() => clock.set(-1_000_000), 5);
      const gaps$ = hot('      g--------------------------');
      const heartbeats$ = hot('-sw-----w-----w---w--------', heartbeats);
      //  Silence is counted from when it is noticed that the clock was set back: at 10, the end of the first wait.
      const expected = '       0sb----------------w-------';

      expectObservable(
        northHears(clock, { gaps$, heartbeats$, readAges$: readFrom(scheduler, { [south]: 1, [west]: 18 }) }),
        '26ms !',
      ).toBe(expected, sets);
    }),
  );

  it(
    'believes the database after a gap, although the clock was set back since somebody was heard',
    marbles(({ hot, scheduler, expectObservable }) => {
      const clock = settable(scheduler);
      scheduler.schedule(() => clock.set(-1_000_000), 5);
      const gaps$ = hot('      g-------g---');
      const heartbeats$ = hot('-s----------', heartbeats);
      const readAges$ = defer(() => of(aged({})));
      const expected = '       0s------0---';

      expectObservable(northHears(clock, { gaps$, heartbeats$, readAges$ }), '11ms !').toBe(expected, sets);
    }),
  );

  it(
    'gives up nobody for a clock that was set forward, or for a process that stood still',
    marbles(({ hot, scheduler, expectObservable }) => {
      const clock = settable(scheduler);
      scheduler.schedule(() => clock.set(1_000_000), 5);
      const gaps$ = hot('      g-------------');
      const heartbeats$ = hot('-sw-----------', heartbeats);
      const expected = '       0sb-----------';

      const readAges$ = readFrom(scheduler, { [south]: 6, [west]: 7 });
      expectObservable(northHears(clock, { gaps$, heartbeats$, readAges$ }), '13ms !').toBe(expected, sets);
    }),
  );

  it(
    'lets go of everything when it is unsubscribed',
    marbles(({ cold, hot, scheduler, expectObservable, expectSubscriptions }) => {
      const gaps$ = hot('      g---------');
      const heartbeats$ = hot('-s--------', heartbeats);
      const readAges$ = cold<readonly CoordinatorAge[]>('-----(0|)', ages);
      const unsub = '          ---!      ';

      expectObservable(northHears(scheduler, { gaps$, readAges$, heartbeats$ }), unsub).toBe('-s--', sets);
      for (const source$ of [gaps$, heartbeats$, readAges$]) {
        expectSubscriptions(source$.subscriptions).toBe('^--!');
      }
    }),
  );

  describe('whatever is late, lost, set back or down', () => {
    const ids = ['c1', 'c2', 'c3'];
    const expiry = 12;
    const period = 4;
    /** From here on nothing goes wrong any more. */
    const quietFrom = 120;
    const end = quietFrom + 5 * expiry;

    const coordinator = fc.record({
      starts: fc.nat(60),
      /** It beats for so long; undefined: it lives on. */
      lives: fc.option(fc.nat(60), { nil: undefined }),
      /** What becomes of its notifications, one after the other: late by so much, or lost. Then all come at once. */
      notifications: fc.array(fc.oneof(fc.nat(20), fc.constant('lost' as const)), { maxLength: 30, size: 'max' }),
    });
    const scenario = fc.record({
      coordinators: fc.tuple(coordinator, coordinator, coordinator),
      gaps: fc.array(fc.nat(quietFrom - 1), { maxLength: 3 }),
      clock: fc.array(fc.record({ at: fc.nat(quietFrom - 1), to: fc.integer({ min: -100, max: 100 }) }), {
        maxLength: 3,
      }),
      troubles: fc.array(fc.nat(quietFrom - 1), { maxLength: 3 }),
      outages: fc.array(fc.record({ from: fc.nat(100), lasts: fc.nat(20) }), { maxLength: 2 }),
      /** Milliseconds until the database reads, and until its answer is there. */
      latency: fc.record({ there: fc.nat(4), back: fc.nat(4) }),
    });

    it('gives up only whom the database has just called silent, and has everybody right in the end', () => {
      fc.assert(
        fc.property(scenario, ({ coordinators, gaps, clock, troubles, outages, latency }) => {
          const scheduler = new VirtualTimeScheduler();
          const local = settable(scheduler);
          const wrong: string[] = [];
          const lastBeat = new Map<string, number>();
          const heartbeats$ = new Subject<string>();
          const gaps$ = new Subject<string>();
          /** What the database answers right now; whom one hears right now. */
          const instant: { answer?: ReadonlyMap<string, number>; beat?: string } = {};

          const isDown = (): boolean =>
            outages.some(({ from, lasts }) => scheduler.now() >= from && scheduler.now() < from + lasts);
          const readAges$ = new Source<readonly CoordinatorAge[]>((subscriber) => {
            const read = (): void => {
              if (isDown()) {
                subscriber.add(scheduler.schedule(read, 1));
                return;
              }
              const ages = new Map([...lastBeat].map(([id, at]) => [id, scheduler.now() - at]));
              const answer = (): void => {
                instant.answer = ages;
                subscriber.next(aged(Object.fromEntries(ages)).filter(({ age }) => age < expiry));
                delete instant.answer;
                subscriber.complete();
              };
              subscriber.add(scheduler.schedule(answer, latency.back));
            };
            subscriber.add(scheduler.schedule(read, latency.there));
          });

          coordinators.forEach(({ starts, lives, notifications }, index) => {
            const id = ids[index] ?? '';
            const stops = lives === undefined ? end : starts + lives;
            for (let at = starts, beat = 0; at <= stops; at += period, beat++) {
              const late = at < quietFrom - 20 ? (notifications[beat] ?? 0) : 0;
              scheduler.schedule(() => lastBeat.set(id, at), at);
              if (late === 'lost') continue;
              scheduler.schedule(() => {
                instant.beat = id;
                heartbeats$.next(id);
                delete instant.beat;
              }, at + late);
            }
          });
          for (const at of [0, ...gaps]) scheduler.schedule(() => gaps$.next('gap'), at);
          const trouble$ = new Subject<void>();
          let troubleAt = -Infinity;
          for (const at of troubles) {
            scheduler.schedule(() => {
              troubleAt = at;
              trouble$.next();
            }, at);
          }
          for (const { at, to } of clock) scheduler.schedule(() => local.set(to), at);

          let live: ReadonlySet<string> = new Set();
          const subscription = liveness$({
            ...{ coordinatorId: 'self', heartbeats$, gaps$, readAges$, expiry, scheduler: local },
            ...{ ...calm(local), trouble$, limit: 8 },
          }).subscribe((next) => {
            const now = `at ${String(scheduler.now())}`;
            for (const id of live) {
              if (next.has(id)) continue;
              const age = instant.answer === undefined ? undefined : (instant.answer.get(id) ?? Infinity);
              if (age === undefined) wrong.push(`${now} gave up ${id} without asking`);
              else if (clock.length === 0 && scheduler.now() < troubleAt + 6)
                wrong.push(`${now} gave up ${id} in trouble`);
              else if (age < expiry) wrong.push(`${now} gave up ${id}, which was alive ${String(age)} ms ago`);
            }
            for (const id of next) {
              if (live.has(id) || instant.beat === id) continue;
              if ((instant.answer?.get(id) ?? Infinity) >= expiry) wrong.push(`${now} took ${id} for live`);
            }
            live = next;
          });
          scheduler.schedule(() => subscription.unsubscribe(), end);
          scheduler.flush();

          expect(wrong).to.deep.equal([]);
          const alive = ids.filter((_, index) => coordinators[index]?.lives === undefined);
          expect([...live].sort()).to.deep.equal(alive);
        }),
        { numRuns: 300 },
      );
    });
  });
});

/** A database in which these wrote their last heartbeats at these times; it reads at once and answers later. */
const readFrom = (
  scheduler: SchedulerLike,
  lastBeats: Readonly<Record<string, number>>,
  latency = 0,
): Observable<readonly CoordinatorAge[]> =>
  defer(() => {
    const now = scheduler.now();
    const written = Object.entries(lastBeats).filter(([, at]) => at <= now);
    const ages = aged(Object.fromEntries(written.map(([id, at]) => [id, now - at])));
    return latency === 0 ? of(ages) : timer(latency, scheduler).pipe(map(() => ages));
  });
