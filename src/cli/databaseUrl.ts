import type { Option } from 'commander';
import { parsePostgresUrl, postgresUrlText } from '../db/postgres/postgresUrl.js';
import { option } from './environment.js';
import { UsageError } from './usageError.js';

/** `--database-url`, which also listens to `DATABASE_URL`. */
export function databaseUrlOption(): Option {
  const made = option(
    '--database-url <url>',
    'PostgreSQL to use; DATABASE_URL is honoured, too (default: an embedded one)',
  );
  // Commander knows one variable for each option.
  return process.env['TAILNET_DATABASE_URL'] === undefined && process.env['DATABASE_URL'] !== undefined
    ? made.env('DATABASE_URL')
    : made;
}

/** `--listen-database-url`. */
export function listenDatabaseUrlOption(): Option {
  return option(
    '--listen-database-url <url>',
    'the server itself, where --database-url leads to a pooler in transaction mode, such as PgBouncer',
  );
}

/** Refuses what is no PostgreSQL URL, without repeating it: it may hold a password. */
export function checkDatabaseUrl(url: string, name = '--database-url'): void {
  if (parsePostgresUrl(url) !== undefined) return;
  throw new UsageError(
    `option '${name}' is not a PostgreSQL URL. It looks like postgres://user:password@host:5432/name.`,
  );
}

/**
 * The URL without passwords, fit for logs.
 *
 * @throws TypeError `not a PostgreSQL URL`
 */
export function withoutPassword(databaseUrl: string): string {
  const url = parsePostgresUrl(databaseUrl);
  if (url === undefined) throw new TypeError('not a PostgreSQL URL');
  url.password = '';
  for (const name of [...url.searchParams.keys()]) if (/password/i.test(name)) url.searchParams.delete(name);
  return postgresUrlText(url);
}
