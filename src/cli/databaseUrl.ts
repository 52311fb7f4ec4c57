import type { Command, Option } from 'commander';
import { encodingHint, parsePostgresUrl, postgresUrlText } from '../db/postgres/postgresUrl.js';
import { option } from './environment.js';
import { isLike } from './isLike.js';
import { UsageError } from './usageError.js';

/** `--database-url`, which also listens to `DATABASE_URL`. */
export function databaseUrlOption(): Option {
  const made = option(
    '--database-url <url>',
    'PostgreSQL to use; DATABASE_URL is honoured, too (default: an embedded one)',
  );
  // Commander knows one variable for each option.
  const [ours = '', others = ''] = [process.env['TAILNET_DATABASE_URL'], process.env['DATABASE_URL']];
  return ours === '' && others !== '' ? made.env('DATABASE_URL') : made;
}

/** `--listen-database-url`. */
export function listenDatabaseUrlOption(): Option {
  return option(
    '--listen-database-url <url>',
    'the server itself, where --database-url leads to a pooler in transaction mode, such as PgBouncer',
  );
}

/** Parameters whose absence lets a connection be less safe than was meant. */
const tlsParameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey'];

/**
 * Refuses what is no PostgreSQL URL, without repeating it: it may hold a password.
 *
 * @throws UsageError `option '--database-url' is not a PostgreSQL URL. …`, `option '--database-url': there is no parameter
 *   sslmod; there is sslmode`
 */
export function checkDatabaseUrl(text: string, name = '--database-url'): void {
  const url = parsePostgresUrl(text);
  if (url === undefined) {
    throw new UsageError(
      `option '${name}' is not a PostgreSQL URL. It looks like postgres://user:password@host:5432/name; ${encodingHint}.`,
    );
  }
  for (const parameter of url.searchParams.keys()) {
    if (tlsParameters.includes(parameter)) continue;
    const like = tlsParameters.find((known) => isLike(parameter, known));
    if (like !== undefined) {
      throw new UsageError(`option '${name}': there is no parameter ${parameter}; there is ${like}`);
    }
  }
}

/** Says of a directory for the embedded database, given on the command line, that the URL of another one makes it of no use. */
export function idleDataDir(command: Command): string | undefined {
  const { databaseUrl } = command.opts<{ databaseUrl?: string }>();
  if (databaseUrl === undefined || command.getOptionValueSource('dataDir') !== 'cli') return undefined;
  const { envVar } = command.options.find(({ long }) => long === '--database-url') ?? {};
  const isOfEnvironment = command.getOptionValueSource('databaseUrl') === 'env';
  return `--data-dir does not count: ${isOfEnvironment ? String(envVar) : '--database-url'} does`;
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
