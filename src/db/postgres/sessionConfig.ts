import type { PoolConfig } from 'pg';
import { parsePostgresUrl, postgresUrlText } from './postgresUrl.js';

/** What a connection gets unless the user's configuration says otherwise. Times are milliseconds. */
export interface SessionDefaults {
  readonly applicationName: string;
  /** The server gives up a statement after this. */
  readonly statementTimeout: number;
  /** How long to wait for a connection: to the server, or for one of the pool to become free. */
  readonly connectionTimeout: number;
  /** Leaves out all that is set for a session: a pooler in transaction mode refuses it. Default false. */
  readonly isPooled?: boolean;
}

/** So much later than the server, the client gives up: only a server that is frozen or cut off lets it come to that. */
const CLIENT_PATIENCE = 500;

/**
 * A pool configuration with everything in it that our statements rely on. What the user configures wins, be it in the
 * URL or in the object, except for the time zone of the session, which is UTC.
 */
export function sessionConfig(config: string | PoolConfig, defaults: SessionDefaults): PoolConfig {
  const given: PoolConfig = typeof config === 'string' ? { connectionString: config } : config;
  const { connectionString, taken } = takeFromUrl(given.connectionString);
  const statementTimeout = numberOf(taken.get('statement_timeout')) ?? given.statement_timeout;
  const queryTimeout = numberOf(taken.get('query_timeout')) ?? given.query_timeout;
  const effectiveTimeout = statementTimeout ?? defaults.statementTimeout;
  return {
    keepAlive: true,
    keepAliveInitialDelayMillis: 5000,
    connectionTimeoutMillis: defaults.connectionTimeout,
    application_name: defaults.applicationName,
    ...given,
    // In a pipeline `pg` takes no queries but its own. The pools give each connection one at a time.
    pipeline: false,
    ...(connectionString === undefined ? {} : { connectionString }),
    ...(defaults.isPooled !== true && { statement_timeout: effectiveTimeout }),
    query_timeout: queryTimeout ?? (effectiveTimeout === false ? undefined : effectiveTimeout + CLIENT_PATIENCE),
    ...(defaults.isPooled !== true && {
      options: sessionOptions(taken.get('options') ?? given.options ?? process.env['PGOPTIONS']),
    }),
  };
}

/**
 * Settings of the session. Later ones win, so the user's go before the time zone.
 *
 * - `enable_seqscan=off`: a plan is kept as long as the connection. One that was made when the tables were empty would
 *   go on reading whole tables when everybody comes back. Where there is no index, tables are still read.
 * - `jit=off`: our statements take milliseconds, but costs are overestimated, and to compile them takes longer than to
 *   run them.
 * - `TimeZone`: nothing may depend on where the server stands.
 */
function sessionOptions(given: string | undefined): string {
  return ['-c enable_seqscan=off -c jit=off', given, '-c TimeZone=UTC']
    .filter((part) => part !== undefined && part !== '')
    .join(' ');
}

/** Parameters in the URL would override the object next to it, so those that we combine are taken out. */
const TAKEN = ['options', 'statement_timeout', 'query_timeout'] as const;

function takeFromUrl(connectionString: string | undefined): {
  readonly connectionString: string | undefined;
  readonly taken: ReadonlyMap<string, string>;
} {
  const taken = new Map<string, string>();
  // What is not a URL (a socket's path) has no parameters; what is a broken one, pg complains about when it connects.
  const url = connectionString === undefined ? undefined : urlOf(connectionString);
  if (url === undefined) return { connectionString, taken };
  for (const name of TAKEN) {
    const value = url.searchParams.get(name);
    if (value !== null) taken.set(name, value);
    url.searchParams.delete(name);
  }
  return { connectionString: taken.size === 0 ? connectionString : postgresUrlText(url), taken };
}

/** `socket:` is a URL with parameters, too. */
function urlOf(text: string): URL | undefined {
  return parsePostgresUrl(text) ?? (URL.canParse(text) ? new URL(text) : undefined);
}

function numberOf(text: string | undefined): number | undefined {
  const number = Number(text);
  return text === undefined || text === '' || Number.isNaN(number) ? undefined : number;
}
