import { pino } from 'pino';
import { NEVER, asapScheduler, asyncScheduler } from 'rxjs';
import { v4 as randomUuid } from 'uuid';
import type { Database } from './db/database.js';
import { checkConnection } from './db/postgres/checkConnection.js';
import { postgresDatabase } from './db/postgres/postgresDatabase.js';
import { defaultTuning } from './defaults.js';
import type { CoordinatorOptions } from './options.js';
import { parseUuid } from './proto/uuid.js';
import { silentTelemetry } from './telemetry.js';

/**
 * Fills in the defaults. This is where time, chance and ids come in; nothing behind it reaches for them.
 *
 * @throws TypeError `not a UUID: "…"`, `database: …`
 * @throws RangeError `tuning: heartbeatPeriod must be a positive number, got -1`, `tuning: batchSpacing must be at most …`
 */
export const resolveOptions = ({
  database,
  id,
  logger = pino({ level: 'silent' }),
  scheduler = asyncScheduler,
  close$ = NEVER,
  random = Math.random,
  telemetry = silentTelemetry,
  tuning = {},
}: CoordinatorOptions) => {
  for (const [name, value] of Object.entries(tuning)) {
    if (!(name in defaultTuning)) throw new RangeError(`tuning: there is no ${name}; there are ${tunable}`);
    if (!(value > 0 || (value === 0 && mayBeZero.has(name)))) {
      throw new RangeError(`tuning: ${name} must be a positive number, got ${String(value)}`);
    }
    if (name === 'batchSpacing' && value > maxSpacing) {
      throw new RangeError(`tuning: batchSpacing must be at most ${maxSpacing}, got ${String(value)}`);
    }
  }
  if (!isDatabase(database)) checkConnection(database, 'database', 'a pool configuration, or { store, bus }');
  const coordinatorId = id === undefined ? randomUuid() : parseUuid(id);
  const given = isDatabase(database);
  return {
    id: coordinatorId,
    logger: logger.child({ coordinator_id: coordinatorId }),
    scheduler,
    /** Where the end of a turn is waited for: at once in real time, in the same frame in virtual time. */
    turnScheduler: scheduler === asyncScheduler ? asapScheduler : scheduler,
    close$,
    random,
    telemetry,
    tuning: { ...defaultTuning, ...tuning },
    database: given ? database : postgresDatabase(database, { logger }),
    /** Whether the database was opened here, and is to be closed here. */
    ownsDatabase: !given,
  };
};

const tunable = Object.keys(defaultTuning).join(', ');
const mayBeZero: ReadonlySet<string> = new Set(['resyncJitter', 'unhealthySpread', 'batchSpacing']);

/** Milliseconds that newcomers may wait for each other at most: far too long already. */
const maxSpacing = 10_000;

const isDatabase = (database: CoordinatorOptions['database']): database is Database =>
  typeof database === 'object' && (database as object | null) !== null && 'store' in database && 'bus' in database;
