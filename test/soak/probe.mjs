// Loaded into `serve` beside it (node --expose-gc --import): whenever its parent asks, says what the process holds after
// all garbage was collected. It is no part of what is measured, and keeps nothing running.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Milliseconds between two looks at the event loop; an idle one shows this. */
const resolution = 10;

const delays = monitorEventLoopDelay({ resolution });
delays.enable();
process.on('message', () => {
  const lateness = Math.max(0, delays.percentile(99) / 1e6 - resolution);
  globalThis.gc();
  const { rss, heapUsed } = process.memoryUsage();
  const handles = process.getActiveResourcesInfo().length;
  // A parent that has gone is told nothing, and that is no reason to end.
  if (process.connected) process.send({ rss, heapUsed, handles, lateness }, () => {});
  delays.reset();
});
process.channel?.unref();
