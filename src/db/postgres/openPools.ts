import type { Pool, PoolConfig } from 'pg';
import type { Logger } from 'pino';
import { defer, ignoreElements, type Observable } from 'rxjs';
import { openPool } from './openPool.js';
import { sessionConfig } from './sessionConfig.js';

/** Times are milliseconds. */
export interface PoolsOptions {
  /** The server gives up a statement after this. Default 5000, or `statement_timeout` of the configuration. */
  readonly statementTimeout?: number;
  /** The same for heartbeats, whatever the configuration says: it must be less than their period. Default 1500. */
  readonly heartbeatTimeout?: number;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'warn'>;
}

export interface Pools {
  /** For everything but heartbeats. Ten connections at most, unless the configuration says otherwise (`max`). */
  readonly main: Pool;
  /** One connection of its own: statements that wait for the database must not keep the coordinator from living. */
  readonly heartbeat: Pool;
  /** Waits for what is in flight, then gives all connections back. Repeatable. */
  close(): Observable<never>;
}

/** Opens both pools. No connection is made before it is needed. */
export function openPools(config: string | PoolConfig, options: PoolsOptions = {}): Pools {
  const { statementTimeout = 5000, heartbeatTimeout = 1500, logger } = options;
  const main = openPool(
    sessionConfig(config, { applicationName: 'tailnet-coordinator', statementTimeout, connectionTimeout: 5000 }),
    logger,
  );
  const heartbeat = openPool(heartbeatConfig(config, heartbeatTimeout), logger);
  let closing: Promise<unknown> | undefined;
  return {
    main,
    heartbeat,
    close: () => defer(() => (closing ??= Promise.all([main.end(), heartbeat.end()]))).pipe(ignoreElements()),
  };
}

function heartbeatConfig(config: string | PoolConfig, timeout: number): PoolConfig {
  const session = sessionConfig(config, {
    applicationName: 'tailnet-coordinator heartbeat',
    statementTimeout: timeout,
    connectionTimeout: timeout,
  });
  return {
    ...session,
    max: 1,
    min: 0,
    connectionTimeoutMillis: timeout,
    statement_timeout: timeout,
    query_timeout: timeout + 250,
  };
}
