import { drainLimit } from '../drainLimit.js';
import { type Ports, expectFreePorts } from '../expectFreePorts.js';
import { keepEmbeddedPostgres } from '../embeddedPostgres/keepEmbeddedPostgres.js';
import type { ServeOptions } from '../serve.js';
import { shutdownRequest } from '../shutdownRequest.js';
import { Fleet } from './fleet.js';

/** Milliseconds that a worker may take longer than it gives itself. */
const patience = 2000;

/**
 * Runs so many processes like this one, each with a coordinator, which share the ports, the database and the metrics,
 * until SIGTERM or SIGINT; makes another when one dies. Returns the exit code: that of the first which could not start,
 * or of one that could not be drained.
 */
export async function serveWorkers(
  options: Pick<ServeOptions, 'databaseUrl' | 'dataDir' | 'drainTime' | 'limits' | 'logger' | keyof Ports>,
  size: number,
): Promise<number> {
  const { databaseUrl, dataDir } = options;
  const logger = options.logger.child({ part: 'workers' });
  const shutdown = shutdownRequest(logger);
  const embedded = databaseUrl === undefined ? await keepEmbeddedPostgres(dataDir, logger) : undefined;
  const stopLimit = drainLimit(options) + patience;
  const fleet = new Fleet({
    ...{ size, logger, stopLimit },
    environment: embedded === undefined ? {} : { TAILNET_DATABASE_URL: embedded.url },
  });
  const kill = (): void => {
    fleet.kill();
  };
  // Whoever does not want to wait ends this process with a second signal, and the workers with it.
  process.on('exit', kill);
  try {
    await expectFreePorts(options);
    if (!shutdown.isReceived()) fleet.start();
    logger.info({ workers: size }, 'workers started');
    void shutdown.received.then(() => {
      fleet.stop();
    });
    return await fleet.ended;
  } finally {
    process.off('exit', kill);
    await embedded?.stop();
    shutdown.dispose();
  }
}
