import { expect } from 'chai';
import { type Observable, of, throwError } from 'rxjs';
import type { TestScheduler } from 'rxjs/testing';
import { StoreError } from '../../src/db/store.js';
import { cleanup$ } from '../../src/streams/cleanup.js';
import { marbles, memoryDatabase } from '../../src/testing/index.js';
import { statementsOf } from './support/describeCall.js';
import { logbook } from './support/logbook.js';
import { onTime } from './support/onTime.js';

const hour = 3_600_000;
const letters = { c: 'cleanCoordinators', p: 'cleanLostBindings', t: 'cleanTunnels' };

const setUp = (scheduler: TestScheduler, random: () => number, latency?: number) => {
  const database = memoryDatabase({ scheduler, ...(latency !== undefined && { latency }) });
  const book = logbook();
  const work$ = cleanup$({ store: database.store, period: hour, random, scheduler, logger: book.logger });
  return { database, book, work$, statements$: statementsOf(database) };
};

describe('cleanup$', () => {
  it(
    'cleans soon after the start, and then once an hour',
    marbles(({ scheduler, expectObservable }) => {
      const { work$, statements$ } = setUp(scheduler, () => 0.5);
      expectObservable(work$, '^ 179m !').toBe('-');
      expectObservable(statements$).toBe('2500ms (cpt) 3599995ms (cpt) 3599995ms (cpt)', letters);
    }),
  );

  it('cleans each table exactly twice within the first hour and a bit', () => {
    const asked: string[] = [];
    marbles(({ scheduler, expectObservable }) => {
      const { work$, statements$ } = setUp(scheduler, () => 0.5);
      statements$.subscribe((method) => asked.push(method));
      expectObservable(work$, `^ ${String(hour + 2501)}ms !`).toBe('-');
    })();
    expect(asked).to.deep.equal([...Object.values(letters), ...Object.values(letters)]);
  });

  it(
    'waits a little more or less, so that coordinators do not clean together',
    marbles(({ scheduler, expectObservable }) => {
      const early = setUp(scheduler, () => 0);
      expectObservable(early.work$, `^ ${String(hour)}ms !`).toBe('-');
      expectObservable(early.statements$).toBe(`(cpt) ${String(0.9 * hour - 5)}ms (cpt)`, letters);
      const late = setUp(scheduler, () => 1);
      expectObservable(late.work$, `^ ${String(1.2 * hour)}ms !`).toBe('-');
      expectObservable(late.statements$).toBe(`5s (cpt) ${String(1.1 * hour - 5)}ms (cpt)`, letters);
    }),
  );

  it(
    'cleans one table after the other, and counts the hour from the end',
    marbles(({ scheduler, expectObservable }) => {
      const { work$, statements$ } = setUp(scheduler, () => 0, 100);
      // Half an hour longer than the second cleanup.
      expectObservable(work$, `^ ${String(1.5 * hour)}ms !`).toBe('-');
      expectObservable(statements$).toBe(`c 99ms p 99ms t ${String(0.9 * hour + 99)}ms c 99ms p 99ms t`, letters);
    }),
  );

  it('says how much it cleaned, and nothing when there was nothing', () => {
    const { lines, entries } = cleanedOnce({
      cleanCoordinators: () => of(0),
      cleanLostBindings: () => of(7),
      cleanTunnels: () => of(2),
    });
    expect(lines).to.deep.equal(['info cleaned up lost peers', 'info cleaned up abandoned tunnels']);
    expect(entries.map(({ count }) => count)).to.deep.equal([7, 2]);
  });

  it('goes on with the others when one fails, and says which', () => {
    const failed = throwError(() => new StoreError('unavailable', 'away'));
    const all = { cleanCoordinators: () => failed, cleanLostBindings: () => failed, cleanTunnels: () => failed };
    expect(cleanedOnce(all).lines).to.deep.equal([
      'error failed to cleanup old coordinators',
      'error failed to cleanup lost peers',
      'error failed to cleanup abandoned tunnels',
    ]);
    expect(cleanedOnce({ ...all, cleanTunnels: () => of(1) }).lines).to.deep.equal([
      'error failed to cleanup old coordinators',
      'error failed to cleanup lost peers',
      'info cleaned up abandoned tunnels',
    ]);
  });

  it('tries again at the next time what failed', () => {
    const asked: string[] = [];
    marbles(({ scheduler, expectObservable }) => {
      const { database, work$, statements$ } = setUp(scheduler, () => 0);
      statements$.subscribe((method) => asked.push(method));
      database.faults.failNext(undefined, 3);
      expectObservable(work$, `^ ${String(hour)}ms !`).toBe('-');
    })();
    expect(asked).to.have.lengthOf(6);
  });
});

const cleanedOnce = (
  store: Record<'cleanCoordinators' | 'cleanLostBindings' | 'cleanTunnels', () => Observable<number>>,
) => {
  const book = logbook();
  marbles(({ scheduler, expectObservable }) => {
    expectObservable(cleanup$({ store, period: hour, random: () => 0, scheduler, logger: book.logger }), '^ 1s !').toBe(
      '-',
    );
    onTime(scheduler)(2000, () => undefined);
  })();
  return book;
};
