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
  /**
   * Whether the configuration leads to a pooler in transaction mode, such as PgBouncer, where a session is nobody's for
   * longer than a transaction: then nothing is set for it, and nothing is prepared. What is set otherwise the role that
   * connects must have: `statement_timeout`, `enable_seqscan=off`, `jit=off`. Default false.
   */
  readonly isPooled?: boolean;
  /** Silent by default. */
  readonly logger?: Pick<Logger, 'warn'>;
}

/** So many connections stay, however long nothing happens: the first update afterwards is not to wait for a new one. */
const KEPT = 2;

export interface Pools {
  /**
   * For everything but heartbeats. Ten connections at most, of which two stay when there is nothing to do, unless the
   * configuration says otherwise (`max`, `min`).
   */
  readonly main: Pool;
  /** One connection of its own: statements that wait for the database must not keep the coordinator from living. */
  readonly heartbeat: Pool;
  /** Whether nothing may be prepared. */
  readonly isPooled: boolean;
  /** Waits for what is in flight, then gives all connections back. Repeatable. */
  close(): Observable<never>;
}

/** Opens both pools. No connection is made before it is needed. */
export function openPools(config: string | PoolConfig, options: PoolsOptions = {}): Pools {
  const { statementTimeout = 5000, heartbeatTimeout = 1500, isPooled = false, logger } = options;
  const session = sessionConfig(config, {
    applicationName: 'tailnet-coordinator',
    statementTimeout,
    connectionTimeout: 5000,
    isPooled,
  });
  const main = openPool({ min: KEPT, ...session }, logger);
  const heartbeat = openPool(heartbeatConfig(config, heartbeatTimeout, isPooled), logger);
  let closing: Promise<unknown> | undefined;
  return {
    main,
    heartbeat,
    isPooled,
    close: () => defer(() => (closing ??= Promise.all([main.end(), heartbeat.end()]))).pipe(ignoreElements()),
  };
}

function heartbeatConfig(config: string | PoolConfig, timeout: number, isPooled: boolean): PoolConfig {
  const session = sessionConfig(config, {
    applicationName: 'tailnet-coordinator heartbeat',
    statementTimeout: timeout,
    connectionTimeout: timeout,
    isPooled,
  });
  return {
    ...session,
    max: 1,
    min: 0,
    connectionTimeoutMillis: timeout,
    ...(!isPooled && { statement_timeout: timeout }),
    query_timeout: timeout + 250,
  };
}
