import { expect } from 'chai';
import fc from 'fast-check';
import { Observable, Subject, VirtualTimeScheduler } from 'rxjs';
import { coalesceByKey } from '../../../src/streams/operators/coalesceByKey.js';

type Key = 'a' | 'b' | 'c';

/** How a run goes. The keys are those that come from inside of it, at each of its turns. */
interface Run {
  /** Milliseconds; 0 is within the call. */
  readonly takes: number;
  readonly whenItStarts: readonly Key[];
  readonly whenItsValueArrives: readonly Key[];
  readonly whenItCompletes: readonly Key[];
  readonly whenItIsTornDown: readonly Key[];
}

const key = fc.constantFrom<Key>('a', 'b', 'c');
const keysFromInside = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Key[]>([]) },
  { weight: 1, arbitrary: fc.array(key, { minLength: 1, maxLength: 2 }) },
);
const plannedRun: fc.Arbitrary<Run> = fc.record({
  takes: fc.nat(4),
  whenItStarts: keysFromInside,
  whenItsValueArrives: keysFromInside,
  whenItCompletes: keysFromInside,
  whenItIsTornDown: keysFromInside,
});

const scenario = fc.record({
  arrivals: fc.array(fc.record({ at: fc.nat(20), key }), { maxLength: 15, size: 'max' }),
  runs: fc.array(plannedRun, { maxLength: 20, size: 'max' }),
  keysEndAt: fc.nat(30),
  unsubscribesAt: fc.option(fc.nat(30), { nil: undefined }),
});

const uneventful: Run = {
  takes: 1,
  ...{ whenItStarts: [], whenItsValueArrives: [], whenItCompletes: [], whenItIsTornDown: [] },
};

describe('coalesceByKey, whatever comes when', () => {
  it('makes one run of a key at a time, and a complete one after the last time the key came', () => {
    fc.assert(
      fc.property(scenario, ({ arrivals, runs, keysEndAt, unsubscribesAt }) => {
        const scheduler = new VirtualTimeScheduler();
        const keys$ = new Subject<Key>();
        const wrong: string[] = [];
        const log: string[] = [];
        const note = (what: string): void => void log.push(`${String(scheduler.now())}: ${what}`);

        /** How often a key has come; how often it had come when its last run, and its last complete run, started. */
        const came = new Map<Key, number>();
        const started = new Map<Key, number>();
        const processed = new Map<Key, number>();
        const running = new Set<Key>();
        let runsLeft = [...runs];
        const end = { completed: false, unsubscribed: false };
        let keysEnded = false;

        const arrive = (key: Key): void => {
          if (keysEnded || end.unsubscribed) return;
          note(`${key} comes`);
          came.set(key, (came.get(key) ?? 0) + 1);
          keys$.next(key);
        };

        const run = (key: Key): Observable<readonly Key[]> =>
          new Observable((subscriber) => {
            const [plan = uneventful, ...rest] = runsLeft;
            runsLeft = rest;
            const seen = came.get(key) ?? 0;
            note(`${key} starts, having come ${String(seen)} times`);
            if (running.has(key)) wrong.push(`two runs of ${key}`);
            if (started.get(key) === seen) wrong.push(`a run of ${key} without a reason`);
            if (end.unsubscribed) wrong.push(`a run of ${key} for nobody`);
            if (end.completed) wrong.push(`a run of ${key} after the end`);
            started.set(key, seen);
            running.add(key);
            subscriber.add(() => {
              running.delete(key);
              note(`${key} is torn down`);
              plan.whenItIsTornDown.forEach(arrive);
            });
            plan.whenItStarts.forEach(arrive);

            const finish = (): void => {
              subscriber.next(plan.whenItsValueArrives);
              plan.whenItCompletes.forEach(arrive);
              processed.set(key, seen);
              subscriber.complete();
            };
            if (plan.takes === 0) finish();
            else subscriber.add(scheduler.schedule(finish, plan.takes));
          });

        const subscription = keys$.pipe(coalesceByKey(run)).subscribe({
          next: (keys) => keys.forEach(arrive),
          error: (error: unknown) => wrong.push(`failed: ${String(error)}`),
          complete: () => {
            end.completed = true;
            if (running.size > 0) wrong.push('completed during a run');
            if (!keysEnded) wrong.push('completed before the keys');
          },
        });

        for (const { at, key } of arrivals) scheduler.schedule(() => arrive(key), at);
        scheduler.schedule(() => {
          keysEnded = true;
          keys$.complete();
        }, keysEndAt);
        if (unsubscribesAt !== undefined) {
          scheduler.schedule(() => {
            end.unsubscribed = true;
            subscription.unsubscribe();
            if (running.size > 0) wrong.push('a run goes on although nobody listens');
            if (keys$.observed) wrong.push('listens to keys although nobody listens');
          }, unsubscribesAt);
        }

        scheduler.flush();
        const story = log.join('\n');
        expect(wrong, story).to.deep.equal([]);
        expect([...running], story).to.deep.equal([]);
        if (end.completed || unsubscribesAt === undefined) {
          expect(end.completed, `has completed\n${story}`).to.equal(true);
          expect(processed, story).to.deep.equal(came);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
