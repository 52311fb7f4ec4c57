import { setTimeout as delay } from 'node:timers/promises';
import {
  BehaviorSubject,
  catchError,
  concat,
  EMPTY,
  filter,
  firstValueFrom,
  lastValueFrom,
  takeUntil,
  timer,
} from 'rxjs';
import { createCoordinator, type Coordinator } from '../coordinator.js';
import { postgresDatabase } from '../db/postgres/postgresDatabase.js';
import { createMetrics } from '../metrics/createMetrics.js';
import { CommandError } from './commandError.js';
import { openBus, type BusOptions } from './busOptions.js';
import { withoutPassword } from './databaseUrl.js';
import { keepEmbeddedPostgres } from './embeddedPostgres/keepEmbeddedPostgres.js';
import { prepareDatabase } from './prepareDatabase.js';
import { gateways$, type Addresses, type GatewayOptions } from './serveGateways.js';
import { shutdownRequest, type ShutdownRequest } from './shutdownRequest.js';
import { warnOfPooler } from './warnOfPooler.js';

export interface ServeOptions extends Omit<GatewayOptions, 'metrics'> {
  /** Default: an embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl?: string;
  /** The server itself, if `databaseUrl` leads to a pooler in transaction mode. */
  readonly listenDatabaseUrl?: string;
  /** Where hints go: NATS. Default: the database itself. */
  readonly bus?: BusOptions;
  readonly dataDir: string;
  /** Milliseconds over which connections are ended when the process is to end. */
  readonly drainTime: number;
}

/** What takes longer after the last connection was ended is given up, in milliseconds; the coordinator takes 17 s at most. */
const closeTimeout = 17_500;

/** Milliseconds that connections to the database may take to be given back. */
const connectionsTimeout = 2000;

/** How long the database may keep us from listening. After that we listen, and say that we are not ready. */
const databasePatience = 3000;

/**
 * Runs a coordinator and its server until SIGTERM or SIGINT, and returns the exit code.
 *
 * A database that cannot be reached is waited for; errors with a {@link CommandError} when it will never do, or when
 * nothing can listen at a port.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const { databaseUrl, dataDir, drainTime, logger } = options;
  const shutdown = shutdownRequest(logger);
  let drainTimer: NodeJS.Timeout | undefined;
  void shutdown.received.then(() => {
    const limit = drainTime + closeTimeout;
    drainTimer = setTimeout(() => {
      logger.error(`not drained after ${limit / 1000} s, ending anyway`);
      process.exit(1);
    }, limit).unref();
  });
  try {
    if (databaseUrl !== undefined) await serveDatabase(databaseUrl, options, shutdown);
    else {
      const embedded = await keepEmbeddedPostgres(dataDir, logger);
      try {
        await serveDatabase(embedded.url, options, shutdown);
      } finally {
        await embedded.stop();
      }
    }
    logger.info('closed');
    return 0;
  } finally {
    shutdown.dispose();
    // What is still open by now, as connections to a database that says nothing, is no reason to have failed.
    clearTimeout(drainTimer);
  }
}

async function serveDatabase(url: string, options: ServeOptions, shutdown: ShutdownRequest): Promise<void> {
  const { listenDatabaseUrl, logger } = options;
  const bus = options.bus === undefined ? undefined : await openBus(options.bus, logger);
  // Migrations lock by their session.
  const preparation = prepareDatabase(listenDatabaseUrl ?? url, logger);
  const database = postgresDatabase(url, {
    logger,
    ...(bus !== undefined && { bus }),
    ...(listenDatabaseUrl !== undefined && { listenConfig: listenDatabaseUrl }),
  });
  try {
    const patience = delay(databasePatience, undefined, { ref: false });
    const end = Promise.race([shutdown.received, preparation.refused]);
    const isReachable = await Promise.race([preparation.attempted, patience, end]);
    if (shutdown.isReceived()) return;
    if (isReachable === true && listenDatabaseUrl === undefined) await warnOfPooler(url, logger);
    const metrics = options.metricsPort === 'none' ? undefined : createMetrics({ ofProcess: true });
    const coordinator = createCoordinator({ database, logger, ...(metrics && { telemetry: metrics.telemetry }) });
    try {
      // Who reads that we listen may connect at once, and should not be sent away.
      if (isReachable === true) await Promise.race([started(coordinator), patience, end]);
      if (!shutdown.isReceived()) await serveCoordinator(coordinator, url, { ...options, metrics }, shutdown, end);
    } finally {
      await coordinator.close();
    }
  } finally {
    preparation.stop();
    const closed$ = database.close().pipe(
      takeUntil(timer(connectionsTimeout)),
      catchError((err: unknown) => {
        logger.error({ err }, 'connections to the database not given back');
        return EMPTY;
      }),
    );
    // The last hints of the database go over the bus.
    await lastValueFrom(concat(closed$, bus?.close() ?? EMPTY), { defaultValue: undefined });
  }
}

/** Serves until `end` settles, then drains; rejects with what `end` rejects with. */
async function serveCoordinator(
  coordinator: Coordinator,
  databaseUrl: string,
  options: GatewayOptions & Pick<ServeOptions, 'drainTime' | 'bus'>,
  shutdown: ShutdownRequest,
  end: Promise<unknown>,
): Promise<void> {
  const { drainTime, bus, logger } = options;
  const draining$ = new BehaviorSubject(false);
  const onListening = (addresses: Addresses) => {
    const { id: coordinatorId } = coordinator;
    const where = { databaseUrl: withoutPassword(databaseUrl), ...(bus && { bus: bus.shown }) };
    logger.info({ ...addresses, coordinatorId, ...where }, 'listening');
  };
  const served = lastValueFrom(gateways$(coordinator, options, draining$, onListening), { defaultValue: undefined });
  try {
    await Promise.race([served, end, defect(coordinator)]);
  } finally {
    draining$.next(true);
    // The coordinator ends the connections, and that is what the gateway waits for.
    const spread = shutdown.isReceived() ? drainTime : 0;
    await Promise.allSettled([coordinator.close({ spread }), served]);
  }
}

/** Rejects when the coordinator ends although nobody has closed it. */
async function defect({ health$ }: Coordinator): Promise<never> {
  await lastValueFrom(health$);
  throw new CommandError('the coordinator ended by a defect, which the log has told');
}

/** Resolves when the coordinator has tried its database. */
function started({ health$ }: Coordinator): Promise<unknown> {
  return firstValueFrom(health$.pipe(filter((health) => health !== 'starting')), { defaultValue: undefined });
}
