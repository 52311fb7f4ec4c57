import type { PoolConfig } from 'pg';
import { concat, type Observable } from 'rxjs';
import type { Database } from '../database.js';
import { openPools, type PoolsOptions } from './openPools.js';
import { pgListenBus, type PgListenBusOptions } from './pgListenBus.js';
import { storeOn } from './postgresStore.js';

/** See {@link PoolsOptions} and {@link PgListenBusOptions}; the logger is for both. */
export interface PostgresDatabaseOptions extends Omit<PoolsOptions, 'logger'>, Omit<PgListenBusOptions, 'pool'> {}

/**
 * Store and bus on one PostgreSQL database. Twelve connections at most: ten for statements (`max` in the
 * configuration), one for heartbeats, one that listens. None is made before it is needed.
 *
 * Whoever opens it closes it: `close()` completes when all connections are given back.
 */
export function postgresDatabase(
  config: string | PoolConfig,
  options: PostgresDatabaseOptions = {},
): Database & { close(): Observable<never> } {
  const pools = openPools(config, options);
  const bus = pgListenBus(config, { ...options, pool: pools.main });
  return { store: storeOn(pools), bus, close: () => concat(bus.close(), pools.close()) };
}
