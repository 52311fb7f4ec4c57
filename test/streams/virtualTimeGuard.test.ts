import { expect } from 'chai';
import { asyncScheduler, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { guardVirtualTime } from '../../src/streams/virtualTimeGuard.js';

/** Answers at what virtual time it ended. */
const run = (body: (scheduler: TestScheduler) => void): number => {
  const scheduler = new TestScheduler(() => undefined);
  scheduler.run(() => body(scheduler));
  return scheduler.now();
};

describe('guardVirtualTime', () => {
  it('throws out of the run, after two days of virtual time, a sentence that says what to do', () => {
    let reached = 0;
    expect(() =>
      run((scheduler) => {
        guardVirtualTime(scheduler);
        timer(0, 3_600_000).subscribe(() => (reached = scheduler.now()));
      }),
    ).to.throw(
      Error,
      'this coordinator was never closed: in virtual time the run goes on until nothing is left to do, and there is ' +
        'always a next heartbeat; give createCoordinator a close$ that emits, or call close() within the run',
    );
    expect(reached / 3_600_000).to.be.within(47, 48);
  });

  it('is silent when it is cancelled, and lets the run end', () => {
    const end = run((scheduler) => {
      const guard = guardVirtualTime(scheduler);
      timer(1000).subscribe(() => guard.cancel());
    });
    expect(end).to.equal(1000);
  });

  it('does nothing in real time', () => {
    const scheduled: unknown[] = [];
    const guard = guardVirtualTime({
      now: () => asyncScheduler.now(),
      schedule: (...args) => {
        scheduled.push(args);
        throw new Error('must not be scheduled');
      },
    });
    guard.cancel();
    expect(scheduled).to.deep.equal([]);
  });
});
