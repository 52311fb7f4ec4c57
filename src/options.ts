import type { Logger } from 'pino';
import type { PoolConfig } from 'pg';
import type { Observable, SchedulerLike } from 'rxjs';
import type { Database } from './db/database.js';
import type { Uuid } from './db/store.js';
import type { Telemetry } from './telemetry.js';

/**
 * How long things take, and how many at a time. Times are milliseconds. The defaults are the reference system's
 * constants where it has one; change them for a reason, and for all coordinators of a database alike.
 */
export interface Tuning {
  /** From one heartbeat to the next. Shorter: silence is noticed sooner, more writes. Default 2000. */
  readonly heartbeatPeriod: number;
  /** So many failed heartbeats make a coordinator unhealthy, and so many missed ones make others call it lost. Default 3. */
  readonly missedHeartbeats: number;
  /** A heartbeat that takes longer has failed. Default 1500: less than the period, for one that takes longer holds up the next. */
  readonly heartbeatTimeout: number;
  /** The first wait before a failed database call is made again; each further wait is 1.5 times as long, ± 50 %. Default 500. */
  readonly initialBackoff: number;
  /** The longest such wait. A heartbeat that succeeds ends all waits early. Default 10000. */
  readonly maxBackoff: number;
  /** From one cleanup of what everybody left behind to the next, ± 10 %. Default 3600000, and once at the start. */
  readonly cleanupPeriod: number;
  /** In which time the rolling check has looked at everything once: own rows, and what is known of neighbours. Default 600000. */
  readonly rollingCheckPeriod: number;
  /** A resync after a gap starts within this time, at random. Default 250. */
  readonly resyncJitter: number;
  /** Live connections of an unhealthy coordinator are ended within this time, at random. Default 4000. */
  readonly unhealthySpread: number;
  /** How long `close()` may try to write what was accepted and to mark the own peers lost. Default 15000. */
  readonly closeTimeout: number;
  /** How long an authorisation may take before it counts as a refusal. Default 10000. */
  readonly authTimeout: number;
  /**
   * Keys in one statement: half as many where bindings are written, a fifth where they are read. What else goes into one,
   * or is done in one go, is in proportion. Default 500.
   */
  readonly maxBatchSize: number;
  /** Batches of one kind in flight at the same time. Default 2. */
  readonly maxBatchesInFlight: number;
  /**
   * From one statement to the next of the same kind where many peers come, go, open or close tunnels one after the other,
   * so that they share statements; ten go out without waiting after it was quiet, and a known peer's new node never
   * waits. Shorter: more statements while everybody comes back. 0: none waits. At most 10000. Default 10.
   */
  readonly batchSpacing: number;
  /** Peer updates in one response. Default 1024. */
  readonly maxUpdatesPerResponse: number;
  /**
   * Bytes in one response, about: once the nodes in it have so many, what else there is to tell goes into the next one.
   * Default 2097152: messages of some transports end at 4 MiB, and one node more may take a quarter of that.
   */
  readonly maxResponseSize: number;
}

/** What a coordinator is made of. */
export interface CoordinatorOptions {
  /**
   * A PostgreSQL URL or pool configuration, or a store and a bus: `memoryDatabase()` from `tailnet-coordinator/testing`,
   * or your own. A PostgreSQL database must have been migrated: `tailnet-coordinator migrate`.
   */
  readonly database: string | PoolConfig | Database;
  /** This coordinator's UUID. Random by default; never use one twice at the same time. */
  readonly id?: Uuid;
  /** Silent by default. */
  readonly logger?: Logger;
  /** Where all waiting happens. Default `asyncScheduler`, which is virtual inside `testScheduler.run()`. */
  readonly scheduler?: SchedulerLike;
  /** Closes the coordinator when it emits, as `close()` does: for marble tests and compositions. Default `NEVER`. */
  readonly close$?: Observable<unknown>;
  /** Draws jitter: a number from 0 up to, but without, 1. Default `Math.random`. */
  readonly random?: () => number;
  /** Who is told what happens, to count it: such as `createMetrics().telemetry`. Default: nobody, at no cost. */
  readonly telemetry?: Telemetry;
  /** Times and sizes that differ from the defaults. */
  readonly tuning?: Partial<Tuning>;
}
