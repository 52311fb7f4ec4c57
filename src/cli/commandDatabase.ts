import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { CommandError } from './commandError.js';
import { clusterData } from './embeddedPostgres/cluster.js';
import { runningEmbeddedPostgres } from './embeddedPostgres/runningEmbeddedPostgres.js';
import { startEmbeddedPostgres } from './embeddedPostgres/startEmbeddedPostgres.js';

/** The database of a command that looks once and ends. */
export interface CommandDatabase extends AsyncDisposable {
  readonly url: string;
}

/**
 * The database at `databaseUrl`, or else the embedded one in `dataDir`: the running one when `serve` runs there, or else
 * one that is started, and stopped when disposed of. With `make` the embedded one may be new.
 */
export async function commandDatabase(
  { databaseUrl, dataDir }: { databaseUrl?: string; dataDir: string },
  logger: Logger,
  make: boolean,
): Promise<CommandDatabase> {
  const nothing = async () => {};
  if (databaseUrl !== undefined) return { url: databaseUrl, [Symbol.asyncDispose]: nothing };
  const running = runningEmbeddedPostgres(dataDir);
  if (running !== undefined) return { url: running, [Symbol.asyncDispose]: nothing };
  if (!make && !existsSync(clusterData(dataDir))) {
    throw new CommandError(
      `no database: there is no embedded one in ${resolve(dataDir)}; give --database-url, or the --data-dir of one`,
    );
  }
  const started = await startEmbeddedPostgres({ dataDir, logger });
  return { url: started.url, [Symbol.asyncDispose]: () => started.stop() };
}
