import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { migrate } from '../db/migrate.js';
import { isTransient } from './isTransient.js';
import { migrationFailure } from './migrationFailure.js';

/** The schema being brought up to date, for as long as it takes. */
export interface Preparation {
  /** Resolves after the first try: true when the schema is right, false when the database could not be asked. */
  readonly attempted: Promise<boolean>;
  /** Rejects with a `CommandError` when the database will never do. Otherwise it stays pending. */
  readonly refused: Promise<never>;
  /** Gives up trying. */
  stop(): void;
}

const [firstWait, longestWait] = [500, 10_000];

/** Migrates, or verifies what is there. A database that does not answer is tried again until it does. */
export function prepareDatabase(url: string, logger: Logger): Preparation {
  const stopped = new AbortController();
  let settle: (isRight: boolean) => void;
  const attempted = new Promise<boolean>((resolve) => (settle = resolve));
  const prepare = async (): Promise<void> => {
    for (let wait = firstWait; !stopped.signal.aborted; wait = Math.min(longestWait, wait * 1.5)) {
      try {
        await migrate(url, { logger });
        return;
      } catch (error) {
        if (!isTransient(error)) throw migrationFailure(error, url);
        const { message: reason } = migrationFailure(error, url);
        logger.warn({ reason, retry_in_ms: Math.round(wait) }, 'database not ready, trying again');
      }
      settle(false);
      await delay(wait, undefined, { signal: stopped.signal }).catch(() => {});
    }
  };
  const prepared = prepare();
  const refused = new Promise<never>((_, reject) => void prepared.catch(reject));
  // Whoever waits is told; if nobody does any more, nothing is lost.
  refused.catch(() => {});
  prepared.then(
    () => settle(true),
    () => {},
  );
  return { attempted, refused, stop: () => stopped.abort() };
}
