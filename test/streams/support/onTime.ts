import type { SchedulerLike } from 'rxjs';

/** Does things at times of the test, milliseconds from its start. What is said first happens first. */
export const onTime =
  (scheduler: SchedulerLike) =>
  (time: number, action: () => void): void => {
    scheduler.schedule(action, time - scheduler.now());
  };
