import type { SchedulerLike } from 'rxjs';

/** A scheduler whose clock can be set while its timers run on. */
export const settable = (scheduler: SchedulerLike): SchedulerLike & { set(offset: number): void } => {
  let offset = 0;
  return {
    now: () => scheduler.now() + offset,
    schedule: scheduler.schedule.bind(scheduler),
    set: (to) => (offset = to),
  };
};
