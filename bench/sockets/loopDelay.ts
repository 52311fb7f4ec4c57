import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Watched } from './messages.js';

/** Milliseconds between two looks. What is recorded is the time between them, so this is what an idle loop shows. */
const resolution = 1;

/** Watches the event loop until the result is called. */
export const watchLoop = (): (() => Watched) => {
  const histogram = monitorEventLoopDelay({ resolution });
  const cpuBefore = process.cpuUsage();
  histogram.enable();
  return () => {
    histogram.disable();
    const { user, system } = process.cpuUsage(cpuBefore);
    const late = (nanoseconds: number): number =>
      Math.max(0, Math.round((nanoseconds / 1e6 - resolution) * 1000) / 1000);
    return {
      event_loop_delay_p50_ms: late(histogram.percentile(50)),
      event_loop_delay_p99_ms: late(histogram.percentile(99)),
      event_loop_delay_max_ms: late(histogram.max),
      cpu_server_s: (user + system) / 1e6,
    };
  };
};
