import { pino } from 'pino';
import { NEVER, asapScheduler, asyncScheduler, isObservable } from 'rxjs';
import { v4 as randomUuid } from 'uuid';
import type { Database } from './db/database.js';
import { checkConfiguration } from './db/postgres/checkConnection.js';
import { postgresDatabase } from './db/postgres/postgresDatabase.js';
import { defaultTuning } from './defaults.js';
import type { CoordinatorOptions, Tuning } from './options.js';
import { parseUuid } from './proto/uuid.js';
import { silentTelemetry } from './telemetry.js';

/**
 * Fills in the defaults. This is where time, chance and ids come in; nothing behind it reaches for them.
 *
 * @throws TypeError `not a UUID: "…"`, `database: …`, and `logger: …` and the like for what is something else
 * @throws RangeError `tuning: heartbeatPeriod must be a positive number, got -1`, `tuning: batchSpacing must be at most …`
 */
export const resolveOptions = (options: CoordinatorOptions) => {
  checkKinds(options);
  const {
    database,
    id,
    logger = pino({ level: 'silent' }),
    scheduler = asyncScheduler,
    close$ = NEVER,
    random = Math.random,
    telemetry = silentTelemetry,
    tuning = {},
  } = options;
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
    tuning: mergeTuning(tuning),
    database: given ? database : postgresDatabase(database, { logger }),
    /** Whether the database was opened here, and is to be closed here. */
    ownsDatabase: !given,
  };
};

const tunable = Object.keys(defaultTuning).join(', ');
const mayBeZero: ReadonlySet<string> = new Set(['resyncJitter', 'unhealthySpread', 'batchSpacing']);

/** Milliseconds that newcomers may wait for each other at most: far too long already. */
const maxSpacing = 10_000;

/** Longer times make a timer of Node.js fire at once. */
const longest = 2 ** 31 - 1;

/** Some waits are five times that of silence. */
const longestSilence = Math.floor(longest / 5);

/** What is no time. */
const isCount: ReadonlySet<string> = new Set([
  ...['missedHeartbeats', 'maxBatchSize', 'maxBatchesInFlight', 'maxUpdatesPerResponse', 'maxResponseSize'],
]);

const mergeTuning = (tuning: Partial<Tuning>): Tuning => {
  const given = Object.entries(tuning).filter(([, value]: [string, unknown]) => value !== undefined);
  for (const [name, value] of given as [string, unknown][]) {
    if (!Object.hasOwn(defaultTuning, name)) throw new RangeError(`tuning: there is no ${name}; there are ${tunable}`);
    if (typeof value !== 'number' || !(value > 0 || (value === 0 && mayBeZero.has(name)))) {
      throw new RangeError(
        `tuning: ${name} must be a positive number, got ${typeof value === 'string' ? JSON.stringify(value) : String(value)}`,
      );
    }
    if (isCount.has(name) && value < Infinity && !Number.isInteger(value)) {
      throw new RangeError(`tuning: ${name} must be a whole number, got ${value}`);
    }
    const most = name === 'batchSpacing' ? maxSpacing : isCount.has(name) ? Infinity : longest;
    if (value > most) throw new RangeError(`tuning: ${name} must be at most ${most}, got ${value}`);
  }
  const merged: Tuning = { ...defaultTuning, ...Object.fromEntries(given) };
  const { heartbeatPeriod, missedHeartbeats } = merged;
  if (heartbeatPeriod * missedHeartbeats > longestSilence) {
    throw new RangeError(`tuning: heartbeatPeriod times missedHeartbeats must be at most ${longestSilence}`);
  }
  return merged;
};

const isDatabase = (database: CoordinatorOptions['database']): database is Database =>
  typeof database === 'object' && 'store' in database && (database.store as unknown) !== undefined;

/** Says at once what would otherwise be found out in the middle of something, as a function that is none. */
const checkKinds = (options: Untyped<CoordinatorOptions>): void => {
  const { database, logger, scheduler, close$, random, telemetry, tuning } = options ?? {};
  const { store, bus } = (database ?? {}) as { readonly store?: unknown; readonly bus?: unknown };
  if (store === undefined && bus === undefined) {
    checkConfiguration(database, 'database', 'a pool configuration, or { store, bus }');
  } else if (!hasMethods(store, ['heartbeat']) || !hasMethods(bus, ['listen$'])) {
    throw new TypeError('database: must be { store, bus }, a Store and a Bus');
  }
  expectKind('logger', logger, hasMethods(logger, ['child', 'info']), 'a logger of pino');
  expectKind('scheduler', scheduler, hasMethods(scheduler, ['now', 'schedule']), 'a scheduler of RxJS');
  expectKind('close$', close$, isObservable(close$), 'an Observable');
  expectKind('random', random, typeof random === 'function', 'a function');
  expectKind('tuning', tuning, typeof tuning === 'object' && tuning !== null, 'an object');
  const facts = Object.keys(silentTelemetry);
  expectKind('telemetry', telemetry, hasMethods(telemetry, facts), `an object with all of ${facts.join(', ')}`);
};

/** As it comes from those who go without types. */
type Untyped<T> = { readonly [Key in keyof T]?: unknown } | undefined | null;

const hasMethods = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function');

const expectKind = (name: string, value: unknown, isRight: boolean, wanted: string): void => {
  if (value !== undefined && !isRight) throw new TypeError(`${name}: must be ${wanted}`);
};
