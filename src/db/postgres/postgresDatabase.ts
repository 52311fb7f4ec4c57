import type { PoolConfig } from 'pg';
import { concat, type Observable } from 'rxjs';
import { announcingOn } from '../announcer.js';
import type { Bus } from '../bus.js';
import type { Database } from '../database.js';
import type { Telemetry } from '../../telemetry.js';
import { checkConfiguration } from './checkConnection.js';
import { hintSeal } from './hintSeal.js';
import { openPools, type PoolsOptions } from './openPools.js';
import { pgListenBus, type PgListenBusOptions } from './pgListenBus.js';
import { storeOn } from './postgresStore.js';
import { runOn } from './runStatement.js';

/** How connections are opened, and what listens; the logger is for both. Times are milliseconds. */
export interface PostgresDatabaseOptions
  extends Omit<PoolsOptions, 'logger' | 'isPooled'>, Omit<PgListenBusOptions, 'pool' | 'isPooled' | 'seal'> {
  /**
   * Where to listen, if `config` leads to a pooler in transaction mode, such as PgBouncer: the server itself, because
   * LISTEN belongs to a session. Then nothing is prepared or set for the sessions of the pooler: give their role the
   * settings that docs/operations.md has. Default: the same as `config`.
   */
  readonly listenConfig?: string | PoolConfig;
  /**
   * Where hints go instead of LISTEN and NOTIFY, such as `natsBus` of `tailnet-coordinator/nats`: they are published
   * after each write, and nothing listens to the database. All coordinators of a database must have the same. Whoever
   * opened it closes it, after the database. Default: PostgreSQL itself.
   */
  readonly bus?: Bus;
  /**
   * Told how publishing on that bus goes, as a query `announce`; all else is told by the coordinator. Give both the same.
   * Default: nobody.
   */
  readonly telemetry?: Pick<Telemetry, 'now' | 'queryEnded'>;
}

/**
 * Store and bus on one PostgreSQL database. Twelve connections at most: ten for statements (`max` in the
 * configuration), one for heartbeats, one that listens. None is made before it is needed.
 *
 * Whoever opens it closes it: `close()` completes when all connections are given back.
 *
 * @throws TypeError `config: must be a URL like postgres://user:password@host:5432/name, or a pool configuration; in a
 *   password, …` (or `listenConfig: …`)
 */
export function postgresDatabase(
  config: string | PoolConfig,
  { listenConfig, bus: given, ...options }: PostgresDatabaseOptions = {},
): Database & {
  /** Completes when all connections are given back. */
  close(): Observable<never>;
} {
  checkConfiguration(config, 'config', 'or a pool configuration');
  if (listenConfig !== undefined) checkConfiguration(listenConfig, 'listenConfig', 'or a pool configuration');
  const isPooled = listenConfig !== undefined;
  const pools = openPools(config, { ...options, isPooled });
  if (given !== undefined) {
    const announcer = announcingOn(given, options);
    return { store: storeOn(pools, announcer), bus: given, close: () => concat(announcer.close(), pools.close()) };
  }
  const seal = hintSeal(runOn(pools.main, isPooled), options);
  const bus = pgListenBus(listenConfig ?? config, { ...options, isPooled, pool: pools.main, seal });
  return { store: storeOn(pools, undefined, seal), bus, close: () => concat(bus.close(), pools.close()) };
}
