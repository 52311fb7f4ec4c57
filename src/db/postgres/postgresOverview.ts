import type { PoolConfig } from 'pg';
import type { Logger } from 'pino';
import { defer, ignoreElements, type Observable } from 'rxjs';
import type { ReadOverview } from '../overview.js';
import { checkConfiguration } from './checkConnection.js';
import { openPool } from './openPool.js';
import { readOverview } from './queries/readOverview.js';
import { runOn } from './runStatement.js';
import { sessionConfig } from './sessionConfig.js';

/** What looking may cost. */
export interface PostgresOverviewOptions {
  /** Rows of each table that are read at most, so that looking cannot cost more and more. Default 20000. */
  readonly maxRows?: number;
  /** The server gives up reading after this, in milliseconds. Default 2000. */
  readonly statementTimeout?: number;
  /** Whether the configuration leads to a pooler in transaction mode; as for `postgresDatabase`. Default false. */
  readonly isPooled?: boolean;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'warn'>;
}

/** A coordinator that says nothing for so long is silent: three heartbeats, as by the defaults of `Tuning`. */
const expiry = 6000;

/** A connection that nobody looks through is given back after so many milliseconds. */
const idleTimeout = 10_000;

/**
 * Reads what the tables hold, for `debugRoutes`. It has one connection of its own, made when it is first needed: who looks
 * keeps no coordinator from its work. Reading fails with a `StoreError`; it may then be tried again.
 *
 * Whoever opens it closes it: `close()` completes when the connection is given back.
 *
 * @throws TypeError `config: must be a URL like postgres://user:password@host:5432/name, or a pool configuration; in a
 *   password, …`
 * @throws RangeError `maxRows must be a whole number above 0, got 0`
 */
export function postgresOverview(
  config: string | PoolConfig,
  { maxRows = 20_000, statementTimeout = 2000, isPooled = false, logger }: PostgresOverviewOptions = {},
): {
  /** Reads everything once for each subscription. */
  readonly read: ReadOverview;
  /** Completes when the connection is given back. */
  close(): Observable<never>;
} {
  if (!(Number.isSafeInteger(maxRows) && maxRows > 0)) {
    throw new RangeError(`maxRows must be a whole number above 0, got ${maxRows}`);
  }
  checkConfiguration(config, 'config', 'or a pool configuration');
  const session = sessionConfig(config, {
    applicationName: 'tailnet-coordinator debug',
    statementTimeout,
    connectionTimeout: statementTimeout,
    isPooled,
  });
  const pool = openPool({ ...session, max: 1, min: 0, idleTimeoutMillis: idleTimeout }, logger);
  const run = runOn(pool, isPooled);
  let closing: Promise<unknown> | undefined;
  return {
    read: () => readOverview(run, expiry, maxRows),
    close: () => defer(() => (closing ??= pool.end())).pipe(ignoreElements()),
  };
}
