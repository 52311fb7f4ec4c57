import type { PoolConfig } from 'pg';
import type { Observable } from 'rxjs';
import type { Announcer } from '../announcer.js';
import type { Store } from '../store.js';
import type { HintSeal } from './hintSeal.js';
import { openPools, type Pools, type PoolsOptions } from './openPools.js';
import { cleanCoordinators, cleanLostBindings, cleanTunnels } from './queries/clean.js';
import { heartbeat } from './queries/heartbeat.js';
import { loseBindings } from './queries/loseBindings.js';
import { readBindings } from './queries/readBindings.js';
import { readCoordinators } from './queries/readCoordinators.js';
import { readNeighbours } from './queries/readNeighbours.js';
import { readOwnBindings } from './queries/readOwnBindings.js';
import { readOwnTunnels } from './queries/readOwnTunnels.js';
import { readPairs } from './queries/readPairs.js';
import { writeBindings } from './queries/writeBindings.js';
import { writeTunnels } from './queries/writeTunnels.js';
import { runOn, type Run } from './runStatement.js';
import { announcingRun, notifyingRun, type RunWrite } from './runWrite.js';

/**
 * The store in PostgreSQL: a statement per call, which announces with `pg_notify` what it changes. It connects when it
 * is first used. The database must have been migrated.
 *
 * Whoever opens it closes it: `close()` waits for the statements in flight and completes when all connections are
 * given back.
 */
export function postgresStore(
  config: string | PoolConfig,
  options: PoolsOptions = {},
): Store & { close(): Observable<never> } {
  const pools = openPools(config, options);
  return { ...storeOn(pools), close: () => pools.close() };
}

/**
 * The store on pools that somebody else closes.
 *
 * @param announcer announces what writes have changed; without one, the statements themselves do
 * @param seal for what they announce of the rows themselves; without one, they do not
 */
export function storeOn(pools: Pools, announcer?: Announcer, seal?: HintSeal): Store {
  const announcing = (run: Run): RunWrite =>
    announcer === undefined ? notifyingRun(run) : announcingRun(run, announcer);
  const run = runOn(pools.main, pools.isPooled);
  const runWrite = announcing(run);
  const runHeartbeat = runOn(pools.heartbeat, pools.isPooled);
  const runHeartbeatWrite = announcing(runHeartbeat);
  return {
    heartbeat: (coordinatorId) => heartbeat(runHeartbeat, runHeartbeatWrite, coordinatorId),
    readCoordinators: (maxAge) => readCoordinators(run, maxAge),
    writeBindings: (writer, writes) => writeBindings(runWrite, writer, writes, seal),
    writeTunnels: (writer, writes) => writeTunnels(runWrite, writer, writes),
    loseBindings: (coordinatorId) => loseBindings(runWrite, coordinatorId),
    readNeighbours: (peerIds) => readNeighbours(run, peerIds),
    readPairs: (pairs) => readPairs(run, pairs),
    readBindings: (peerIds) => readBindings(run, peerIds),
    readOwnBindings: (coordinatorId) => readOwnBindings(run, coordinatorId),
    readOwnTunnels: (coordinatorId, after, limit) => readOwnTunnels(run, coordinatorId, after, limit),
    cleanCoordinators: () => cleanCoordinators(runWrite),
    cleanLostBindings: () => cleanLostBindings(runWrite),
    cleanTunnels: () => cleanTunnels(runWrite),
  };
}
