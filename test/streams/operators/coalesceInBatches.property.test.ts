import { expect } from 'chai';
import fc from 'fast-check';
import { Observable, Subject, VirtualTimeScheduler } from 'rxjs';
import { coalesceInBatches } from '../../../src/streams/operators/coalesceInBatches.js';

const allKeys = ['a', 'b', 'c', 'd', 'e'] as const;
type Key = (typeof allKeys)[number];

/** How a batch goes. The keys are those that come from inside of it, at each of its turns. */
interface Plan {
  /** Milliseconds; 0 is within the call. */
  readonly takes: number;
  /** Fails for now, or is refused if one of `refused` is in it. */
  readonly outcome: 'works' | 'fails for now' | 'is looked at';
  readonly refused: readonly Key[];
  readonly whenItStarts: readonly Key[];
  readonly whenItsValueArrives: readonly Key[];
  readonly whenItEnds: readonly Key[];
  readonly whenItIsTornDown: readonly Key[];
}

class ForNow extends Error {}
class Refused extends Error {}

const key = fc.constantFrom<Key>(...allKeys);
const keysFromInside = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Key[]>([]) },
  { weight: 1, arbitrary: fc.array(key, { minLength: 1, maxLength: 2 }) },
);
const plan: fc.Arbitrary<Plan> = fc.record({
  takes: fc.nat(4),
  outcome: fc.constantFrom('works', 'works', 'fails for now', 'is looked at'),
  refused: fc.subarray([...allKeys], { maxLength: 3 }),
  whenItStarts: keysFromInside,
  whenItsValueArrives: keysFromInside,
  whenItEnds: keysFromInside,
  whenItIsTornDown: keysFromInside,
});

const scenario = fc.record({
  arrivals: fc.array(fc.record({ at: fc.nat(20), key }), { maxLength: 25, size: 'max' }),
  plans: fc.array(plan, { maxLength: 25, size: 'max' }),
  maxSize: fc.integer({ min: 1, max: 4 }),
  maxInFlight: fc.integer({ min: 1, max: 3 }),
  pace: fc.record({ period: fc.nat(5), burst: fc.integer({ min: 1, max: 3 }) }),
  urgent: fc.subarray([...allKeys]),
  firstWait: fc.integer({ min: 1, max: 3 }),
  wakesAt: fc.array(fc.nat(30), { maxLength: 3 }),
  keysEndAt: fc.nat(30),
  unsubscribesAt: fc.option(fc.nat(30), { nil: undefined }),
});

const uneventful: Plan = {
  ...{ takes: 1, outcome: 'works', refused: [] },
  ...{ whenItStarts: [], whenItsValueArrives: [], whenItEnds: [], whenItIsTornDown: [] },
};

/** What is known of a key. The numbers say how often it had come. */
interface History {
  came: number;
  /** When its last batch started. */
  started: number;
  /** When its last batch started that was done, or given up. */
  settled: number;
  /** Undefined unless its last batch failed for now, or was refused with other keys in it. */
  again: { readonly notBefore: number | 'divided' } | undefined;
  /** It came between the start of a batch that was divided and that of its part. So it runs again, be it in vain. */
  isSpare: boolean;
}

describe('coalesceInBatches, whatever comes when', () => {
  it('has each key in one batch at a time, within its limits, and in a complete one after the last time it came', () => {
    fc.assert(
      fc.property(scenario, ({ arrivals, plans, maxSize, maxInFlight, pace, urgent, firstWait, wakesAt, ...ends }) => {
        const scheduler = new VirtualTimeScheduler();
        const keys$ = new Subject<Key>();
        const wake$ = new Subject<void>();
        const wrong: string[] = [];
        const log: string[] = [];
        const note = (what: string): void => void log.push(`${String(scheduler.now())}: ${what}`);

        const history = new Map<Key, History>();
        const historyOf = (key: Key): History => {
          const known = history.get(key) ?? { came: 0, started: 0, settled: 0, again: undefined, isSpare: false };
          history.set(key, known);
          return known;
        };
        const inFlight = new Set<readonly Key[]>();
        const isRunning = (key: Key): boolean => [...inFlight].some((batch) => batch.includes(key));
        const refusedAlone = new Set<Key>();
        let plansLeft = [...plans];
        const end = { completed: false, unsubscribed: false };
        let keysEnded = false;
        let lastStart = -Infinity;

        const arrive = (key: Key): void => {
          if (keysEnded || end.unsubscribed) return;
          note(`${key} comes`);
          const known = historyOf(key);
          known.came++;
          if (known.again?.notBefore === 'divided') known.isSpare = true;
          keys$.next(key);
        };

        const checkStart = (keys: readonly Key[]): void => {
          if (end.unsubscribed) wrong.push('a batch for nobody');
          if (end.completed) wrong.push('a batch after the end');
          if (keys.length === 0 || keys.length > maxSize) wrong.push(`a batch of ${String(keys.length)}`);
          if (new Set(keys).size < keys.length) wrong.push(`a key twice in ${keys.join()}`);
          if (inFlight.size >= maxInFlight) wrong.push(`more than ${String(maxInFlight)} batches`);
          for (const key of keys) {
            const { came, started, again } = historyOf(key);
            if (isRunning(key)) wrong.push(`two batches with ${key}`);
            if (came === started && again === undefined) {
              if (!historyOf(key).isSpare) wrong.push(`a run of ${key} without a reason`);
              historyOf(key).isSpare = false;
            }
            if (again && again.notBefore !== 'divided' && scheduler.now() < again.notBefore)
              wrong.push(`${key} did not wait`);
          }
        };

        const run = (keys: readonly Key[]): Observable<readonly Key[]> =>
          new Observable((subscriber) => {
            const [plan = uneventful, ...rest] = plansLeft;
            plansLeft = rest;
            note(`${keys.join('')} starts`);
            checkStart(keys);
            lastStart = scheduler.now();
            const seen = new Map(keys.map((key) => [key, historyOf(key).came]));
            for (const key of keys) {
              historyOf(key).started = seen.get(key) ?? 0;
              historyOf(key).again = undefined;
            }
            inFlight.add(keys);
            subscriber.add(() => {
              inFlight.delete(keys);
              note(`${keys.join('')} is torn down`);
              plan.whenItIsTornDown.forEach(arrive);
            });
            plan.whenItStarts.forEach(arrive);

            const settle = (): void => {
              for (const key of keys) historyOf(key).settled = seen.get(key) ?? 0;
            };
            const finish = (): void => {
              subscriber.next(plan.whenItsValueArrives);
              plan.whenItEnds.forEach(arrive);
              if (plan.outcome === 'fails for now') {
                note(`${keys.join('')} fails for now`);
                for (const key of keys) {
                  historyOf(key).again = { notBefore: scheduler.now() + firstWait };
                }
                subscriber.error(new ForNow());
              } else if (plan.outcome === 'is looked at' && keys.some((key) => plan.refused.includes(key))) {
                note(`${keys.join('')} is refused`);
                if (keys.length === 1) {
                  settle();
                  for (const key of keys) refusedAlone.add(key);
                } else {
                  for (const key of keys) {
                    const known = historyOf(key);
                    known.again = { notBefore: 'divided' };
                    known.isSpare ||= known.came > known.started;
                  }
                }
                subscriber.error(new Refused());
              } else {
                settle();
                subscriber.complete();
              }
            };
            if (plan.takes === 0) finish();
            else subscriber.add(scheduler.schedule(finish, plan.takes));
          });

        const subscription = keys$
          .pipe(
            coalesceInBatches(run, {
              ...{ maxSize, maxInFlight, scheduler, pace },
              isUrgent: (key) => urgent.includes(key),
              retry: {
                ...{ initial: firstWait, max: 10, random: () => 0.5, scheduler, wake$ },
                retryable: (error) => error instanceof ForNow,
              },
              onGivenUp: (key, error) => {
                note(`${key} is given up`);
                if (!(error instanceof Refused) || !refusedAlone.delete(key)) wrong.push(`gave up ${key}`);
              },
            }),
          )
          .subscribe({
            next: (keys) => keys.forEach(arrive),
            error: (error: unknown) => wrong.push(`failed: ${String(error)}`),
            complete: () => {
              end.completed = true;
              if (inFlight.size > 0) wrong.push('completed during a batch');
              if (!keysEnded) wrong.push('completed before the keys');
            },
          });

        for (const { at, key } of arrivals) {
          scheduler.schedule(() => {
            arrive(key);
          }, at);
        }
        for (const at of wakesAt) {
          scheduler.schedule(() => {
            note('wake');
            for (const known of history.values())
              if (typeof known.again?.notBefore === 'number') known.again = { notBefore: 0 };
            wake$.next();
          }, at);
        }
        scheduler.schedule(() => {
          keysEnded = true;
          keys$.complete();
        }, ends.keysEndAt);
        const { unsubscribesAt } = ends;
        if (unsubscribesAt !== undefined) {
          scheduler.schedule(() => {
            end.unsubscribed = true;
            subscription.unsubscribe();
            if (inFlight.size > 0) wrong.push('a batch goes on although nobody listens');
            if (keys$.observed || wake$.observed) wrong.push('listens although nobody listens');
          }, unsubscribesAt);
        }
        // Between the milliseconds, nobody waits for a place while there is one, but for those that are paced.
        for (let time = 0.5; time < 40; time++) {
          scheduler.schedule(() => {
            if (end.unsubscribed || inFlight.size >= maxInFlight) return;
            const waiting = [...history.keys()].filter((key) => {
              const { came, started, again } = historyOf(key);
              return came > started && again === undefined && !isRunning(key);
            });
            const arePaced =
              scheduler.now() <= lastStart + pace.period &&
              !keysEnded &&
              waiting.length < maxSize &&
              !waiting.some((key) => urgent.includes(key));
            if (!arePaced) for (const key of waiting) wrong.push(`${key} waits in vain`);
          }, time);
        }

        scheduler.flush();
        const story = log.join('\n');
        expect(wrong, story).to.deep.equal([]);
        expect([...inFlight], story).to.deep.equal([]);
        expect([...refusedAlone], 'refused alone and not given up').to.deep.equal([]);
        if (end.completed || unsubscribesAt === undefined) {
          expect(end.completed, `has completed\n${story}`).to.equal(true);
          for (const [key, { came, settled, again }] of history) {
            expect({ key, settled, again }, story).to.deep.equal({ key, settled: came, again: undefined });
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
