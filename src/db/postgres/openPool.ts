import { Pool, type PoolConfig } from 'pg';
import type { Logger } from 'pino';

/** A pool that connects when it is first used, and outlives the connections it loses. */
export function openPool(config: PoolConfig, logger?: Pick<Logger, 'warn'>): Pool {
  const pool = new Pool(config);
  // Without a listener an idle connection that breaks would end the process. The pool has dropped it already, and the
  // next statement gets another.
  pool.on('error', ({ message }) => {
    if (!pool.ending) logger?.warn({ reason: message }, 'an idle database connection broke');
  });
  return pool;
}
