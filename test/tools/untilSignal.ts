import { setMaxListeners } from 'node:events';

/** The exit code of a tool that was interrupted before it was done, as shells have it. */
export const interrupted = 130;

/** Milliseconds within which a second signal is the same once more: npm passes on what the terminal has sent already. */
const echo = 500;

/** Aborts with the first SIGINT or SIGTERM, so that a tool can end in good order. A second one ends it at once. */
export const untilSignal = (): AbortSignal => {
  const stop = new AbortController();
  // Each wait listens.
  setMaxListeners(0, stop.signal);
  let firstAt = Infinity;
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (performance.now() - firstAt > echo) process.exit(interrupted);
      firstAt = Math.min(firstAt, performance.now());
      stop.abort();
    });
  }
  return stop.signal;
};
