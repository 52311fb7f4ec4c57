import type { Option } from 'commander';
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
  if (/^postgres(ql)?:\/\//.test(url) && URL.canParse(url)) return;
  throw new UsageError(
    `option '${name}' is not a PostgreSQL URL. It looks like postgres://user:password@host:5432/name.`,
  );
}

/** The URL without passwords, fit for logs. */
export function withoutPassword(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  url.password = '';
  for (const name of [...url.searchParams.keys()]) if (/password/i.test(name)) url.searchParams.delete(name);
  return url.href;
}
