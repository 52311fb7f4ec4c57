import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './startEmbeddedPostgres.js';

/** An embedded server that is started again when it ends by itself. */
export interface KeptEmbeddedPostgres {
  /** Stays the same over restarts. */
  readonly url: string;
  /** Ends it for good, within about 20 s. */
  stop(): Promise<void>;
}

const pause = 1000;

/** Starts an embedded server, and starts it again on the same port, a second later, whenever it was killed or crashed. */
export async function keepEmbeddedPostgres(dataDir: string, logger: Logger): Promise<KeptEmbeddedPostgres> {
  const stopped = new AbortController();
  const first = await startEmbeddedPostgres({ dataDir, logger });
  const { url, port } = first;
  logger.info({ data_dir: dataDir, port }, 'embedded PostgreSQL started');

  const stopRequest = new Promise<void>((resolve) => {
    stopped.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const startAgain = async () => {
    for (;;) {
      await delay(pause, undefined, { signal: stopped.signal }).catch(() => {});
      if (stopped.signal.aborted) return undefined;
      try {
        return await startEmbeddedPostgres({ dataDir, logger, port });
      } catch (error) {
        logger.error({ err: error }, 'embedded PostgreSQL did not start, trying again');
      }
    }
  };
  const keep = async () => {
    for (let current: EmbeddedPostgres | undefined = first; current !== undefined; current = await startAgain()) {
      const end = await Promise.race([current.ended, stopRequest]);
      await current.stop();
      if (stopped.signal.aborted) return;
      logger.error({ end }, 'embedded PostgreSQL ended by itself, starting it again');
    }
  };
  const kept = keep();
  return {
    url,
    stop: () => {
      stopped.abort();
      return kept;
    },
  };
}
