import type { SchedulerLike } from 'rxjs';

/** Real clocks are past this; virtual ones start at zero. The year 2001, in milliseconds. */
const realTime = 1e12;

/** Milliseconds of virtual time: more than a test of the daily cleanup takes. */
const limit = 48 * 3_600_000;

/**
 * In virtual time `TestScheduler.run()` goes on until nothing is left to do, and a coordinator always has a next
 * heartbeat: a test that forgets to close it would hang. So after two days of virtual time it throws, with a sentence
 * that says what to do, out of the test's `run()`. In real time it does nothing.
 */
export const guardVirtualTime = (scheduler: SchedulerLike): { cancel(): void } => {
  if (scheduler.now() > realTime) return { cancel: () => undefined };
  const subscription = scheduler.schedule(() => {
    throw new Error(
      'this coordinator was never closed: in virtual time the run goes on until nothing is left to do, and there is ' +
        'always a next heartbeat; give createCoordinator a close$ that emits, or call close() within the run',
    );
  }, limit);
  return { cancel: () => subscription.unsubscribe() };
};
