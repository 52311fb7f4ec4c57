import { expect } from 'chai';
import fc from 'fast-check';
import { Observable, type Subscription, VirtualTimeScheduler } from 'rxjs';
import { batched } from '../../../src/streams/operators/batched.js';

/** One caller: when it calls, when it loses patience, and whether its item spoils every batch that it is in. */
interface Caller {
  readonly at: number;
  readonly patience: number | undefined;
  readonly isPoison: boolean;
  /** How many calls it makes, each as soon as it has the result of the one before. */
  readonly calls: number;
}

/** How a run of a batch goes that no poison spoils. 0 ms is within the call. */
interface Run {
  readonly takes: number;
  readonly outcome: 'works' | 'is unavailable' | 'says nothing';
}

class Poison extends Error {}
class Unavailable extends Error {}

const caller: fc.Arbitrary<Caller> = fc.record({
  at: fc.nat(12),
  patience: fc.option(fc.nat(8), { nil: undefined, freq: 3 }),
  isPoison: fc.integer({ min: 0, max: 4 }).map((chance) => chance === 0),
  calls: fc.integer({ min: 1, max: 3 }),
});

const run: fc.Arbitrary<Run> = fc.record({
  takes: fc.nat(4),
  outcome: fc.oneof(
    { weight: 6, arbitrary: fc.constant('works' as const) },
    { weight: 1, arbitrary: fc.constant('is unavailable' as const) },
    { weight: 1, arbitrary: fc.constant('says nothing' as const) },
  ),
});

const scenario = fc.record({
  callers: fc.array(caller, { maxLength: 16, size: 'max' }),
  runs: fc.array(run, { maxLength: 12, size: 'max' }),
  maxSize: fc.integer({ min: 1, max: 5 }),
  maxInFlight: fc.integer({ min: 1, max: 3 }),
});

describe('batched, whoever calls and whatever happens to batches', () => {
  it('answers each call with its own result or error and nobody else’s, within its bounds, and leaves nobody waiting', () => {
    fc.assert(
      fc.property(scenario, ({ callers, runs, maxSize, maxInFlight }) => {
        const scheduler = new VirtualTimeScheduler();
        const wrong: string[] = [];
        const waiting = new Set<string>();
        const spoilt = new Set<string>();
        const divided = new Set<string>();
        const failed = new Set<string>();
        const poison = new Set<string>();
        let inFlight = 0;
        let runsLeft = [...runs];

        const runBatch = (items: readonly string[]): Observable<readonly string[]> =>
          new Observable((subscriber) => {
            const [{ takes, outcome } = { takes: 1, outcome: 'works' }, ...rest] = runsLeft;
            runsLeft = rest;
            inFlight++;
            subscriber.add(() => inFlight--);
            if (inFlight > maxInFlight) wrong.push(`${String(inFlight)} batches in flight`);
            if (items.length === 0 || items.length > maxSize) wrong.push(`a batch of ${String(items.length)}`);
            for (const item of items) if (!waiting.has(item)) wrong.push(`ran ${item}, for which nobody waits`);
            const end = (): void => {
              // Halves of a batch live and die with the whole of it.
              if (!items.some((item) => waiting.has(item) || divided.has(item))) {
                wrong.push(`${items.join()} went on without anybody`);
              }
              if (items.some((item) => poison.has(item))) {
                for (const item of items) (items.length === 1 ? spoilt : divided).add(item);
                subscriber.error(new Poison());
              } else if (outcome === 'is unavailable') {
                for (const item of items) failed.add(item);
                subscriber.error(new Unavailable());
              } else {
                if (outcome === 'works') subscriber.next(items.map((item) => `result of ${item}`));
                else for (const item of items) failed.add(item);
                subscriber.complete();
              }
            };
            if (takes === 0) end();
            else subscriber.add(scheduler.schedule(end, takes));
          });

        const call = batched(runBatch, {
          ...{ maxSize, maxInFlight, scheduler },
          divisible: (error) => error instanceof Poison,
        });

        callers.forEach(({ at, patience, isPoison, calls }, index) => {
          const makeCall = (number: number): Subscription => {
            const item = `${String(index)}.${String(number)}`;
            waiting.add(item);
            if (isPoison) poison.add(item);
            const results: string[] = [];
            const settle = (isRight: boolean, how: string): void => {
              if (!waiting.delete(item) || !isRight) wrong.push(`${item} ${how}`);
            };
            return call(item).subscribe({
              next: (result) => results.push(result),
              complete: () => {
                settle(results.join() === `result of ${item}` && !isPoison, `got ${results.join() || 'nothing'}`);
                if (number < calls) makeCall(number + 1);
              },
              error: (error: unknown) => {
                if (error instanceof Poison) settle(spoilt.has(item) && isPoison, 'got poison');
                else settle(failed.has(item), `got ${String(error)}`);
              },
            });
          };
          scheduler.schedule(() => {
            const first = makeCall(1);
            if (patience === undefined) return;
            scheduler.schedule(() => {
              if (first.closed) return;
              waiting.delete(`${String(index)}.1`);
              first.unsubscribe();
            }, patience);
          }, at);
        });

        scheduler.flush();
        expect(wrong).to.deep.equal([]);
        expect([...waiting], 'calls that were never answered').to.deep.equal([]);
        expect(inFlight, 'batches in flight at the end').to.equal(0);
      }),
      { numRuns: 500 },
    );
  });
});
