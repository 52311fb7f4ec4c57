import { Client, Pool, type PoolConfig } from 'pg';
import { checkConnection } from './checkConnection.js';
import { MigrationError } from './migrationError.js';
import type { Queryable } from './queryable.js';
import { storeErrorOf } from './storeErrorOf.js';

/** The advisory lock under which migrations run; any number will do that nobody else uses in the same database. */
const LOCK = '5421866079143215673';

/**
 * Runs `work` with a connection of its own, or the one given, while all others that would do the same wait. Whatever
 * goes wrong comes as a {@link MigrationError}.
 *
 * @throws TypeError `connection: must be a URL like postgres://…` (the promise rejects)
 */
export async function withMigrationClient<Result>(
  connection: string | PoolConfig | Queryable,
  work: (client: Queryable) => Promise<Result>,
): Promise<Result> {
  checkConnection(connection, 'connection', 'a configuration, or a connection');
  try {
    if (connection instanceof Pool) throw new MigrationError('migrate with one connection, not with a pool');
    return await (isQueryable(connection) ? locked(connection, work) : connected(connection, work));
  } catch (error) {
    if (error instanceof MigrationError) throw error;
    throw new MigrationError(`cannot migrate: ${storeErrorOf(error).message}`, { cause: error });
  }
}

async function connected<Result>(
  config: string | PoolConfig,
  work: (client: Queryable) => Promise<Result>,
): Promise<Result> {
  const client = new Client({
    application_name: 'tailnet-coordinator migrate',
    connectionTimeoutMillis: 10_000,
    ...(typeof config === 'string' ? { connectionString: config } : config),
    query_timeout: undefined,
  });
  // A connection that breaks fails the statement in flight as well; this only keeps the process alive.
  client.on('error', () => undefined);
  await client.connect();
  try {
    // Neither waiting for others nor a long migration is an error.
    await client.query('SET statement_timeout = 0');
    return await locked(client, work);
  } finally {
    await client.end();
  }
}

async function locked<Result>(client: Queryable, work: (client: Queryable) => Promise<Result>): Promise<Result> {
  await client.query('SELECT pg_advisory_lock($1::bigint)', [LOCK]);
  try {
    return await work(client);
  } finally {
    await client.query('SELECT pg_advisory_unlock($1::bigint)', [LOCK]).catch(() => undefined);
  }
}

function isQueryable(connection: string | PoolConfig | Queryable): connection is Queryable {
  return typeof connection === 'object' && 'query' in connection && typeof connection.query === 'function';
}
