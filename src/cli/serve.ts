import { setTimeout as delay } from 'node:timers/promises';
import {
  BehaviorSubject,
  catchError,
  concat,
  EMPTY,
  filter,
  firstValueFrom,
  lastValueFrom,
  merge,
  takeUntil,
  timer,
} from 'rxjs';
import { combineTelemetry } from '../combineTelemetry.js';
import type { Coordinator } from '../api.js';
import { createCoordinator } from '../coordinator.js';
import { postgresDatabase } from '../db/postgres/postgresDatabase.js';
import { postgresOverview } from '../db/postgres/postgresOverview.js';
import type { Metrics } from '../metrics/createMetrics.js';
import { CommandError } from './commandError.js';
import { openBus, type BusOptions } from './busOptions.js';
import { withoutPassword } from './databaseUrl.js';
import { drainLimit } from './drainLimit.js';
import { expectFreePorts } from './expectFreePorts.js';
import { keepEmbeddedPostgres } from './embeddedPostgres/keepEmbeddedPostgres.js';
import { prepareDatabase } from './prepareDatabase.js';
import { gateways$, type Addresses, type GatewayOptions } from './serveGateways.js';
import { type Telemetry, silentTelemetry } from '../telemetry.js';
import { shutdownRequest, type ShutdownRequest } from './shutdownRequest.js';
import { tracingOfProcess } from './tracingOfProcess.js';
import { version } from './version.js';
import { workerLink } from './workers/workerLink.js';
import { warnOfPooler } from './warnOfPooler.js';

export interface ServeOptions extends Omit<GatewayOptions, 'metrics' | 'scraped' | 'readOverview'> {
  /** Default: an embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl?: string;
  /** The server itself, if `databaseUrl` leads to a pooler in transaction mode. */
  readonly listenDatabaseUrl?: string;
  /** Where hints go: NATS. Default: the database itself. */
  readonly bus?: BusOptions;
  readonly dataDir: string;
  /** Whether `/debug/tailnet` is there. */
  readonly hasDebugPage: boolean;
  /** Whether OpenTelemetry is told how long things take. */
  readonly traces: boolean;
  /** Milliseconds over which connections are ended when the process is to end. */
  readonly drainTime: number;
}

/** The coordinator itself gives up before: with the default drain time, all of it is to be over in 20 s. */
const tuning = { closeTimeout: 12_000 };

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
  const { databaseUrl, dataDir, logger } = options;
  const link = workerLink();
  const shutdown = link?.shutdownRequest() ?? shutdownRequest(logger);
  let drainTimer: NodeJS.Timeout | undefined;
  void shutdown.received.then(() => {
    const limit = drainLimit(options);
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
    link?.leave();
  }
}

async function serveDatabase(url: string, options: ServeOptions, shutdown: ShutdownRequest): Promise<void> {
  const { listenDatabaseUrl, logger } = options;
  const { metrics, telemetry } = await telemetryOfProcess(options);
  const bus = options.bus === undefined ? undefined : await openBus(options.bus, logger);
  // Migrations lock by their session.
  const preparation = prepareDatabase(listenDatabaseUrl ?? url, logger);
  const database = postgresDatabase(url, {
    ...{ logger, telemetry },
    ...(bus !== undefined && { bus }),
    ...(listenDatabaseUrl !== undefined && { listenConfig: listenDatabaseUrl }),
  });
  const isPooled = listenDatabaseUrl !== undefined;
  const overview = options.hasDebugPage ? postgresOverview(url, { isPooled, logger }) : undefined;
  try {
    const patience = delay(databasePatience, undefined, { ref: false });
    const end = Promise.race([shutdown.received, preparation.refused]);
    const isReachable = await Promise.race([preparation.attempted, patience, end]);
    if (shutdown.isReceived()) return;
    if (isReachable === true) {
      await warnOfPooler(listenDatabaseUrl ?? url, { isForListening: isPooled, isHeard: bus === undefined }, logger);
    }
    const link = workerLink();
    if (link) metrics?.registry.setDefaultLabels({ worker: link.slot });
    const scraped = metrics && link?.shareMetrics(metrics.registry);
    const readOverview = overview?.read;
    const given = { ...options, metrics, ...(scraped && { scraped }), ...(readOverview && { readOverview }) };
    // Workers share theirs, and it is their primary that listens.
    if (link === undefined) await expectFreePorts(options);
    const coordinator = createCoordinator({ database, logger, tuning, telemetry });
    try {
      // Who reads that we listen may connect at once, and should not be sent away.
      if (isReachable === true) await Promise.race([started(coordinator), patience, end]);
      if (!shutdown.isReceived()) await serveCoordinator(coordinator, url, given, shutdown, end);
    } finally {
      await coordinator.close();
    }
  } finally {
    preparation.stop();
    const closed$ = merge(database.close(), overview?.close() ?? EMPTY).pipe(
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

async function telemetryOfProcess({
  metricsPort,
  traces,
}: ServeOptions): Promise<{ readonly metrics: Metrics | undefined; readonly telemetry: Telemetry }> {
  const metrics = metricsPort === 'none' ? undefined : await metricsOfProcess();
  const tracing = traces ? await tracingOfProcess() : undefined;
  const [first = silentTelemetry, ...others] = [metrics?.telemetry, tracing].filter((each) => each !== undefined);
  return { metrics, telemetry: others.length === 0 ? first : combineTelemetry(first, ...others) };
}

async function metricsOfProcess(): Promise<Metrics> {
  const { createMetrics } = await import('../metrics/createMetrics.js');
  return createMetrics({ ofProcess: true });
}

/** Serves until `end` settles, then drains; rejects with what `end` rejects with. */
async function serveCoordinator(
  coordinator: Coordinator,
  databaseUrl: string,
  options: GatewayOptions & Pick<ServeOptions, 'drainTime' | 'bus'>,
  shutdown: ShutdownRequest,
  end: Promise<unknown>,
): Promise<void> {
  const { drainTime, bus } = options;
  const logger = options.logger.child({ coordinator_id: coordinator.id });
  const draining$ = new BehaviorSubject(false);
  const onListening = (addresses: Addresses) => {
    const where = {
      ...{ coordinatorId: coordinator.id, databaseUrl: withoutPassword(databaseUrl) },
      ...(bus && { bus: bus.shown }),
    };
    logger.info({ ...addresses, ...where, version: version() }, 'listening');
    workerLink()?.listening();
  };
  const served = lastValueFrom(
    gateways$(coordinator, { ...options, logger: logger.child({ part: 'gateway' }) }, draining$, onListening),
    { defaultValue: undefined },
  );
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
