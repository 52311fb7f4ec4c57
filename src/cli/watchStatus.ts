import { CommandError } from './commandError.js';
import type { Status } from './readStatus.js';

/** What {@link watchStatus} looks at, and whom it tells. */
export interface StatusWatch {
  /** Errors with a {@link CommandError} when there is nothing to read. */
  readonly read: () => Promise<Status>;
  readonly show: (status: Status) => void;
  /** A look that failed, in one sentence. The next one may succeed. */
  readonly fail: (message: string) => void;
  /** Until the next look; settles at once when `signal` is aborted. */
  readonly wait: (signal: AbortSignal) => Promise<unknown>;
}

/**
 * Looks again and again, until `signal` is aborted. Who watches a database that goes away goes on watching; only the
 * first look must succeed: errors with what it errors with.
 */
export async function watchStatus({ read, show, fail, wait }: StatusWatch, signal: AbortSignal): Promise<void> {
  show(await read());
  for (;;) {
    await wait(signal);
    if (signal.aborted) return;
    try {
      show(await read());
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      fail(error.message);
    }
  }
}
