import { expect } from 'chai';
import { map, VirtualTimeScheduler } from 'rxjs';
import { dueAt$ } from '../../../src/auth/jwt/dueAt.js';
import { marbles } from '../../../src/testing/index.js';

const hour = 3_600_000;

describe('dueAt$', () => {
  it(
    'emits when it is time, and completes',
    marbles(({ expectObservable, scheduler }) => {
      expectObservable(dueAt$(5, scheduler).pipe(map(() => 'd'))).toBe('5ms (d|)');
    }),
  );

  it(
    'emits at once when the time is past',
    marbles(({ expectObservable, scheduler }) => {
      const values: unknown[] = [];
      dueAt$(0, scheduler).subscribe((value) => values.push(value));
      expect(values).to.have.length(1);
      expectObservable(dueAt$(-Infinity, scheduler).pipe(map(() => 'd'))).toBe('(d|)');
    }),
  );

  it(
    'waits for longer than a timer can',
    marbles(({ expectObservable, scheduler }) => {
      expectObservable(dueAt$(2 ** 31 + 5, scheduler).pipe(map(() => 'd'))).toBe(`${2 ** 31 + 5}ms (d|)`);
    }),
  );

  it('never asks a timer for more than an hour, so that none overflows', () => {
    const waits: number[] = [];
    class Noting extends VirtualTimeScheduler {
      override schedule: VirtualTimeScheduler['schedule'] = (work, delay = 0, state) => {
        waits.push(delay);
        return super.schedule(work, delay, state);
      };
    }
    const scheduler = new Noting();
    dueAt$(2.5 * hour, scheduler).subscribe();
    scheduler.flush();
    expect(waits).to.deep.equal([hour, hour, hour / 2]);
  });

  it(
    'waits no more when nobody does',
    marbles(({ expectObservable, scheduler }) => {
      expectObservable(dueAt$(9 * hour, scheduler), '^ 2ms !').toBe('');
    }),
  );
});
