import pg from 'pg';
import type { Logger } from 'pino';

/** What a URL is for. */
export interface PoolerQuestion {
  /** Whether it is that of `--listen-database-url`, which should lead to a server. */
  readonly isForListening: boolean;
  /** Whether the database is what hints are heard of. */
  readonly isHeard: boolean;
}

/**
 * Warns when a URL leads to a pooler: in the mode that most of them are in, nothing is ever heard through it, and nothing
 * keeps a lock. A server tells who connects which of its processes answers; a pooler, which has many, tells something else.
 */
export async function warnOfPooler(
  url: string,
  { isForListening, isHeard }: PoolerQuestion,
  logger: Logger,
): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 5000 });
  // It fails the statement in flight as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    if (rows[0]?.pid === (client as { processID?: number }).processID) return;
    const trouble = isHeard
      ? 'nothing is heard through it'
      : 'migrations cannot lock, and statements that are prepared fail';
    logger.warn(
      isForListening
        ? `--listen-database-url leads to a pooler; unless that is in session mode, ${trouble}: give the server itself`
        : `the database is reached through a pooler; unless that is in session mode, ${trouble}: give --listen-database-url`,
    );
  } catch {
    // Whether the database can be reached is everybody's business, and said by others.
  } finally {
    await client.end().catch(() => undefined);
  }
}
