import type { Logger } from 'pino';
import {
  type BehaviorSubject,
  type Observable,
  catchError,
  defer,
  EMPTY,
  filter,
  ignoreElements,
  merge,
  NEVER,
  of,
  ReplaySubject,
  shareReplay,
  switchMap,
  tap,
  throwError,
} from 'rxjs';
import type { TokenVerifier } from '../auth/jwt/index.js';
import type { Coordinator } from '../api.js';
import type { ReadOverview } from '../db/overview.js';
import { debugPath, debugRoutes } from '../gateways/debug/debugRoutes.js';
import type { GatewayEvent } from '../gateways/gatewayEvent.js';
import { grpcGateway } from '../gateways/grpcGateway.js';
import type { GrpcLimits } from '../gateways/grpcOptions.js';
import { healthRoutes } from '../gateways/healthRoutes.js';
import type { HttpRoutes } from '../gateways/httpRoutes.js';
import { httpServer$ } from '../gateways/httpServer.js';
import type { V1WireLimits } from '../gateways/legacy/v1WireLimits.js';
import { identityFromCallToken } from '../gateways/identityFromCallToken.js';
import { identityFromToken } from '../gateways/identityFromToken.js';
import { routesUnder } from '../gateways/routesUnder.js';
import type { TlsOptions } from '../gateways/tls.js';
import { tlsFiles$, type TlsFiles } from '../gateways/tlsFiles.js';
import { watchRoutes } from '../gateways/watchRoutes.js';
import { coordinatePath, v1CoordinatePath, webSocketGateway } from '../gateways/webSocketGateway.js';
import { completeLimits, type WebSocketLimits } from '../gateways/webSocketOptions.js';
import { v1WebSocketRoute, webSocketRoute } from '../gateways/webSocketRoute.js';
import { metricsPath } from '../metrics/metricsRoutes.js';
import { untilAnyCompletes } from '../streams/operators/untilAnyCompletes.js';
import { CommandError } from './commandError.js';
import { errorText } from './errorText.js';
import { listenError } from './listenError.js';
import { logGatewayEvent } from './logGatewayEvent.js';
import { countedAt, metricsBesideOthers, metricsServer$, type ServedMetrics } from './serveMetrics.js';

/** Where and how peers are served. */
export interface GatewayOptions extends ServedMetrics {
  readonly host: string;
  /** For HTTP and WebSockets; 0 picks a free one. */
  readonly port: number;
  /** Default: 7351, or a free one if that is taken or `port` is 0. */
  readonly grpcPort?: number | 'none';
  readonly tlsFiles?: TlsFiles;
  readonly limits: Partial<WebSocketLimits>;
  readonly grpcLimits: Partial<GrpcLimits>;
  /** Who may watch peers over HTTP at the same time. */
  readonly maxWatchers: number;
  /** Reads what `/debug/tailnet` shows. Default: there is no such page. */
  readonly readOverview?: ReadOverview;
  /** What all paths begin with; empty for nothing. */
  readonly basePath: string;
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  /** What peers that speak V1 may cost, over WebSockets. Default: they are not served. */
  readonly v1?: V1WireLimits;
  /** Finds out who holds a token. Default: there are no tokens, and everybody is who they say. */
  readonly verify?: TokenVerifier;
  readonly logger: Logger;
}

/** Where we listen. */
export interface Addresses {
  /** A URL, with the base path. */
  readonly http: string;
  /** Host and port. */
  readonly grpc?: string;
  /** A URL. */
  readonly metrics?: string;
  /** A URL. */
  readonly debug?: string;
}

const defaultGrpcPort = 7351;

/**
 * HTTP, WebSockets, gRPC and metrics, until they are drained: completes when the last peer is gone. Logs what happens.
 *
 * @param onListening told once, when all of them listen
 */
export function gateways$(
  coordinator: Coordinator,
  options: GatewayOptions,
  draining$: BehaviorSubject<boolean>,
  onListening: (addresses: Addresses) => void,
): Observable<GatewayEvent> {
  return defer(() => {
    const { tlsFiles, grpcPort, metricsPort, basePath, readOverview, logger } = options;
    const drained$ = new ReplaySubject<void>(1);
    let serving = grpcPort === 'none' ? 1 : 2;
    const gone = (): void => {
      if (--serving === 0) drained$.next();
    };
    const common = {
      ...{ drained$, gone },
      ...{ coordinator, draining$, drain$: draining$.pipe(filter(Boolean)) },
      ...(tlsFiles !== undefined && { tls: certificates$(tlsFiles, logger) }),
    };
    const addresses: { http?: string; grpc?: string; metrics?: string; debug?: string } = {};
    const tellWhenAllListen = (): void => {
      const { http, grpc, metrics } = addresses;
      if (http === undefined || (grpc === undefined && grpcPort !== 'none')) return;
      if (metrics !== undefined || metricsPort === 'none') onListening({ ...addresses, http });
    };
    const note = (event: GatewayEvent): void => {
      if (event.kind !== 'listening') return;
      const { protocol, host } = new URL(event.url);
      if (protocol.startsWith('grpc')) addresses.grpc = host;
      else addresses.http = event.url + basePath;
      if (addresses.http !== undefined && readOverview) addresses.debug = addresses.http + debugPath;
      if (addresses.http !== undefined && metricsPort === 'same') addresses.metrics = addresses.http + metricsPath;
      tellWhenAllListen();
    };
    const metrics$ = metricsAtTheirPort(options, common, (url) => {
      addresses.metrics = url;
      tellWhenAllListen();
    });
    const peers$ = merge(http$(options, common), grpc$(options, common)).pipe(
      tap(note),
      tap((event) => logGatewayEvent(logger, event)),
    );
    return untilAnyCompletes(peers$, metrics$);
  });
}

interface Common {
  readonly coordinator: Coordinator;
  readonly draining$: Observable<boolean>;
  readonly drain$: Observable<unknown>;
  /** The last peer has gone. */
  readonly drained$: Observable<unknown>;
  /** Told by each gateway when the last peer of its own has. */
  readonly gone: () => void;
  readonly tls?: Observable<TlsOptions>;
}

function metricsAtTheirPort(
  { host, metricsPort: port, metrics, scraped = metrics?.registry, logger }: GatewayOptions,
  { tls }: Common,
  onListening: (url: string) => void,
): Observable<never> {
  if (scraped === undefined || typeof port === 'string') return NEVER;
  const onError = (error: unknown): void => logger.error({ err: error }, 'HTTP request failed');
  const onRejected = (event: GatewayEvent): void => {
    logGatewayEvent(logger, event);
    metrics?.gatewayEvent('metrics', event);
  };
  return metricsServer$({ metrics: scraped, host, port, onError, onRejected, ...(tls && { tls }) }, onListening).pipe(
    catchError(cannotListen(host, port, '; choose another with --metrics-port')),
  );
}

function http$(
  options: GatewayOptions,
  { coordinator, draining$, drain$, drained$, gone, tls }: Common,
): Observable<GatewayEvent> {
  const {
    host,
    port,
    limits,
    maxWatchers,
    basePath,
    allowedOrigins: origins,
    trustedProxies,
    readOverview,
    v1,
    verify,
    metrics,
    logger,
  } = options;
  const { maxHandshakes, handshakeTimeout, maxUnfinished, pingPeriod, closeTimeout } = completeLimits(limits);
  // Nobody has to say who they are to watch, where everybody is believed anyway.
  const identify = verify && { identify: identityFromToken(verify) };
  const noteAt =
    (gateway: string) =>
    (event: GatewayEvent): void => {
      logGatewayEvent(logger, event);
      metrics?.gatewayEvent(gateway, event);
    };
  const health = healthRoutes(coordinator, draining$);
  const routes = routesUnder(basePath, {
    ...health,
    ...metricsBesideOthers(options),
    ...watchRoutes(coordinator, {
      ...{ ...identify, origins, trustedProxies, draining$, onEvent: noteAt('watch') },
      limits: { maxWatchers, maxHandshakes, handshakeTimeout, heartbeatPeriod: pingPeriod, closeTimeout },
    }),
    ...(readOverview && debugPageRoutes(coordinator, readOverview, options, draining$)),
    [coordinatePath]: webSocketRoute,
    ...(v1 && { [v1CoordinatePath]: v1WebSocketRoute }),
  });
  return httpServer$({
    ...{ host, port, routes, handshakeTimeout, maxUnfinished, drain$: drained$ },
    ...(tls && { tls, pathsWithoutCertificate: Object.keys(routesUnder(basePath, health)) }),
    onError: (error) => logger.error({ err: error }, 'HTTP request failed'),
    onRejected: noteAt('http'),
  }).pipe(
    switchMap(({ server, url }) =>
      merge(
        of<GatewayEvent>({ kind: 'listening', url }),
        // Until the last peer has gone we answer, and say that we drain.
        webSocketGateway(coordinator, {
          ...{ ...identify, server, path: basePath + coordinatePath, origins, trustedProxies, limits, drain$ },
          ...(v1 && { v1: { ...v1, path: basePath + v1CoordinatePath } }),
        }).pipe(
          countedAt('websocket', metrics),
          filter(({ kind }) => kind !== 'listening'),
          tap({ complete: gone }),
        ),
      ),
    ),
    catchError(cannotListen(host, port, '; choose another with --port')),
  );
}

function debugPageRoutes(
  coordinator: Coordinator,
  readOverview: ReadOverview,
  { verify, allowedOrigins: origins, trustedProxies, limits, metrics, logger }: GatewayOptions,
  draining$: Observable<boolean>,
): HttpRoutes {
  const { handshakeTimeout, pingPeriod: heartbeatPeriod, closeTimeout } = completeLimits(limits);
  return debugRoutes(coordinator, readOverview, {
    ...{ origins, trustedProxies, draining$, limits: { handshakeTimeout, heartbeatPeriod, closeTimeout } },
    ...(verify && { identify: identityFromToken(verify) }),
    onEvent: (event) => {
      logGatewayEvent(logger, event);
      metrics?.gatewayEvent('debug', event);
    },
    onTrouble: (error) => logger.warn({ reason: errorText(error) }, 'the debug page cannot read the database'),
  });
}

function grpc$(
  { host, port, grpcPort, grpcLimits: limits, verify, metrics, logger }: GatewayOptions,
  { coordinator, drain$, gone, tls }: Common,
): Observable<GatewayEvent> {
  if (grpcPort === 'none') return EMPTY;
  const at = (chosen: number): Observable<GatewayEvent> =>
    grpcGateway(coordinator, {
      ...{ host, port: chosen, limits, drain$ },
      ...(tls && { tls }),
      ...(verify && { identify: identityFromCallToken(verify) }),
    }).pipe(countedAt('grpc', metrics), catchError(cannotListen(host, chosen, '; choose another with --grpc-port')));
  const served$ = grpcPort === undefined ? atDefaultPort(at, port, logger) : at(grpcPort);
  return merge(quietGrpc(logger), served$.pipe(tap({ complete: gone })));
}

/** Who has not asked for a port has asked for nothing that another program could be in the way of. */
function atDefaultPort(
  at: (port: number) => Observable<GatewayEvent>,
  httpPort: number,
  logger: Logger,
): Observable<GatewayEvent> {
  if (httpPort === 0) return at(0);
  return at(defaultGrpcPort).pipe(
    catchError((error: unknown) => {
      if (!isTaken(error)) throw error;
      logger.warn({ port: defaultGrpcPort }, 'the default port for gRPC is taken, using a free one');
      return at(0);
    }),
  );
}

/**
 * grpc-js writes to standard error what it thinks of strangers' metadata. That is for debugging, and without what stands
 * behind a colon, which may be a token.
 */
function quietGrpc(logger: Logger): Observable<never> {
  return defer(() => import('@grpc/grpc-js')).pipe(
    tap(({ setLogger }) => {
      const write = (text: unknown): void => logger.debug({ part: 'grpc' }, String(text).replace(/:.*/s, ''));
      setLogger({ error: write, info: write, debug: write });
    }),
    ignoreElements(),
  );
}

function certificates$(files: TlsFiles, logger: Logger): Observable<TlsOptions> {
  const onError = (err: unknown): void => logger.warn({ err }, 'new certificates are no good, keeping the old ones');
  return tlsFiles$(files, { onError }).pipe(
    tap(() => logger.info({ files }, 'certificates read')),
    catchError((error: unknown) =>
      throwError(() => new CommandError(`cannot use the certificates: ${errorText(error)}`, { cause: error })),
    ),
    shareReplay({ bufferSize: 1, refCount: true }),
  );
}

function cannotListen(host: string, port: number, advice = '') {
  return (error: unknown): Observable<never> => throwError(() => listenError(error, host, port, advice));
}

function isTaken(error: unknown): boolean {
  return (
    error instanceof CommandError &&
    error.cause instanceof Error &&
    'code' in error.cause &&
    error.cause.code === 'EADDRINUSE'
  );
}
