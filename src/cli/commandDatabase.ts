import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { CommandError } from './commandError.js';
import { checkDataDir, makeDataDir } from './dataDirectory.js';
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
 *
 * @throws UsageError `option '--data-dir': …` when that can be no such directory
 */
export async function commandDatabase(
  { databaseUrl, dataDir }: { databaseUrl?: string; dataDir: string },
  logger: Logger,
  make: boolean,
): Promise<CommandDatabase> {
  const nothing = async () => {};
  if (databaseUrl !== undefined) return { url: databaseUrl, [Symbol.asyncDispose]: nothing };
  checkDataDir(dataDir);
  const running = runningEmbeddedPostgres(dataDir);
  if (running !== undefined) return { url: running, [Symbol.asyncDispose]: nothing };
  if (!make && !existsSync(clusterData(dataDir))) {
    throw new CommandError(
      `no database: there is no embedded one in ${resolve(dataDir)}; give --database-url, or the --data-dir of one`,
    );
  }
  makeDataDir(dataDir);
  const started = await startEmbeddedPostgres({ dataDir, logger });
  return { url: started.url, [Symbol.asyncDispose]: () => started.stop() };
}
