import { setTimeout as delay } from 'node:timers/promises';
import { BehaviorSubject, filter, firstValueFrom, lastValueFrom, switchMap, tap } from 'rxjs';
import type { Logger } from 'pino';
import type { TokenVerifier } from '../auth/jwt/index.js';
import { createCoordinator, type Coordinator } from '../coordinator.js';
import type { GatewayEvent } from '../gateways/gatewayEvent.js';
import { healthRoutes } from '../gateways/healthRoutes.js';
import { httpServer$ } from '../gateways/httpServer.js';
import { identityFromQuery } from '../gateways/identityFromQuery.js';
import { identityFromToken } from '../gateways/identityFromToken.js';
import { routesUnder } from '../gateways/routesUnder.js';
import { coordinatePath, v1CoordinatePath, webSocketGateway } from '../gateways/webSocketGateway.js';
import { completeLimits, type WebSocketLimits } from '../gateways/webSocketOptions.js';
import { v1WebSocketRoute, webSocketRoute } from '../gateways/webSocketRoute.js';
import { watchRoutes } from '../gateways/watchRoutes.js';
import { CommandError } from './commandError.js';
import { withoutPassword } from './databaseUrl.js';
import { keepEmbeddedPostgres } from './embeddedPostgres/keepEmbeddedPostgres.js';
import { logGatewayEvent } from './logGatewayEvent.js';
import { prepareDatabase } from './prepareDatabase.js';
import { shutdownRequest, type ShutdownRequest } from './shutdownRequest.js';

export interface ServeOptions {
  /** Default: an embedded PostgreSQL in `dataDir`. */
  readonly databaseUrl?: string;
  readonly dataDir: string;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  readonly limits: Partial<WebSocketLimits>;
  /** Who may watch peers over HTTP at the same time. */
  readonly maxWatchers: number;
  /** What all paths begin with; empty for nothing. */
  readonly basePath: string;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  /** Finds out who holds a token. Default: there are no tokens, and everybody is who they say. */
  readonly verify?: TokenVerifier;
  readonly logger: Logger;
}

/** Draining that takes longer is given up, in milliseconds; the coordinator itself takes 15 s at most. */
const drainTimeout = 19_000;

/** How long the database may keep us from listening. After that we listen, and say that we are not ready. */
const databasePatience = 3000;

/**
 * Runs a coordinator and its server until SIGTERM or SIGINT, and returns the exit code.
 *
 * A database that cannot be reached is waited for; errors with a {@link CommandError} when it will never do, or when
 * nothing can listen at the port.
 */
export async function serve(options: ServeOptions): Promise<number> {
  const { databaseUrl, dataDir, logger } = options;
  const shutdown = shutdownRequest(logger);
  let drainTimer: NodeJS.Timeout | undefined;
  void shutdown.received.then(() => {
    drainTimer = setTimeout(() => {
      logger.error(`not drained after ${drainTimeout / 1000} s, ending anyway`);
      process.exit(1);
    }, drainTimeout).unref();
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
  const { logger } = options;
  const preparation = prepareDatabase(url, logger);
  try {
    const patience = delay(databasePatience, undefined, { ref: false });
    const end = Promise.race([shutdown.received, preparation.refused]);
    const isReachable = await Promise.race([preparation.attempted, patience, end]);
    if (shutdown.isReceived()) return;
    const coordinator = createCoordinator({ database: url, logger });
    try {
      // Who reads that we listen may connect at once, and should not be sent away.
      if (isReachable === true) await Promise.race([started(coordinator), patience, end]);
      if (!shutdown.isReceived()) await serveCoordinator(coordinator, url, options, end);
    } finally {
      await coordinator.close();
    }
  } finally {
    preparation.stop();
  }
}

/** Serves until `end` settles, then drains; rejects with what `end` rejects with. */
async function serveCoordinator(
  coordinator: Coordinator,
  databaseUrl: string,
  options: ServeOptions,
  end: Promise<unknown>,
): Promise<void> {
  const draining$ = new BehaviorSubject(false);
  const drain$ = draining$.pipe(filter((draining) => draining));
  const {
    host,
    port,
    limits,
    maxWatchers,
    basePath,
    allowedOrigins: origins,
    trustedProxies,
    verify,
    logger,
  } = options;
  const { handshakeTimeout, maxUnfinished } = completeLimits(limits);
  const onEvent = (event: GatewayEvent) => logGatewayEvent(logger, event);
  // Nobody has to say who they are to watch, where everybody is believed anyway.
  const watching = {
    ...(verify && { identify: identityFromToken(verify) }),
    ...{ origins, trustedProxies, limits: { maxWatchers, handshakeTimeout }, draining$, onEvent },
  };
  const routes = routesUnder(basePath, {
    ...healthRoutes(coordinator, draining$),
    ...watchRoutes(coordinator, watching),
    [coordinatePath]: webSocketRoute,
    [v1CoordinatePath]: v1WebSocketRoute,
  });
  const identify = verify ? identityFromToken(verify) : identityFromQuery;
  const paths = { path: basePath + coordinatePath, v1: { path: basePath + v1CoordinatePath } };
  const webSockets = { ...paths, identify, origins, trustedProxies, limits, drain$ };
  const onError = (error: unknown) => logger.error({ err: error }, 'HTTP request failed');
  const events$ = httpServer$({ host, port, routes, handshakeTimeout, maxUnfinished, drain$, onError }).pipe(
    tap(({ url }) => {
      const { id: coordinatorId } = coordinator;
      logger.info({ http: url + basePath, coordinatorId, databaseUrl: withoutPassword(databaseUrl) }, 'listening');
    }),
    switchMap(({ server }) => webSocketGateway(coordinator, { ...webSockets, server })),
    tap(onEvent),
  );
  const served = lastValueFrom(events$, { defaultValue: undefined }).catch((error: unknown) => {
    if (!isSystemError(error)) throw error;
    throw new CommandError(`cannot listen on ${host}, port ${port}: ${error.message}`, { cause: error });
  });
  try {
    await Promise.race([served, end, defect(coordinator)]);
  } finally {
    draining$.next(true);
    // The coordinator ends the connections, and that is what the gateway waits for.
    await Promise.allSettled([coordinator.close(), served]);
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

function isSystemError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error;
}
