import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { migrate, MigrationError } from '../db/migrate.js';
import { CommandError } from './commandError.js';
import { errorText } from './errorText.js';

/** The schema being brought up to date, for as long as it takes. */
export interface Preparation {
  /** Resolves when the schema is right, and also when the database could not be asked at the first try. */
  readonly attempted: Promise<void>;
  /** Rejects with a {@link CommandError} when the database will never do. Otherwise it stays pending. */
  readonly refused: Promise<never>;
  /** Gives up trying. */
  stop(): void;
}

const [firstWait, longestWait] = [500, 10_000];

/** Migrates, or verifies what is there. A database that does not answer is tried again until it does. */
export function prepareDatabase(url: string, logger: Logger): Preparation {
  const stopped = new AbortController();
  let settle: () => void;
  const attempted = new Promise<void>((resolve) => (settle = resolve));
  const prepare = async (): Promise<void> => {
    for (let wait = firstWait; !stopped.signal.aborted; wait = Math.min(longestWait, wait * 1.5)) {
      try {
        await migrate(url, { logger });
        return;
      } catch (error) {
        if (error instanceof MigrationError) throw new CommandError(error.message, { cause: error });
        logger.warn({ reason: errorText(error), retryIn: Math.round(wait) }, 'database not ready, trying again');
      }
      settle();
      await delay(wait, undefined, { signal: stopped.signal }).catch(() => {});
    }
  };
  const prepared = prepare();
  const refused = new Promise<never>((_, reject) => void prepared.catch(reject));
  // Whoever waits is told; if nobody does any more, nothing is lost.
  refused.catch(() => {});
  void prepared.catch(() => {}).then(() => settle());
  return { attempted, refused, stop: () => stopped.abort() };
}
