import pg from 'pg';
import type { Logger } from 'pino';

/**
 * Warns when a URL leads to a pooler: in the mode that most of them are in, nothing is ever heard through it. A server
 * tells who connects which of its processes answers; a pooler, which has many, tells something else.
 *
 * @param isForListening whether it is that of `--listen-database-url`, which should lead to a server
 */
export async function warnOfPooler(url: string, isForListening: boolean, logger: Logger): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000, query_timeout: 5000 });
  // It fails the statement in flight as well.
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    if (rows[0]?.pid === (client as { processID?: number }).processID) return;
    logger.warn(
      isForListening
        ? '--listen-database-url leads to a pooler; unless that is in session mode, nothing is heard through it: give the server itself'
        : 'the database is reached through a pooler; unless that is in session mode, nothing is heard through it: give --listen-database-url',
    );
  } catch {
    // Whether the database can be reached is everybody's business, and said by others.
  } finally {
    await client.end().catch(() => undefined);
  }
}
