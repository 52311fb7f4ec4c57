import cluster from 'node:cluster';
import { Command, type Option } from 'commander';
import type { Logger } from 'pino';
import type { TokenVerifier } from '../auth/jwt/index.js';
import { defaultV1WireLimits } from '../gateways/legacy/v1WireLimits.js';
import { defaultGrpcLimits, type GrpcLimits } from '../gateways/grpcOptions.js';
import { defaultWebSocketLimits, type WebSocketLimits } from '../gateways/webSocketOptions.js';
import { defaultWatchLimits } from '../gateways/watchOptions.js';
import { configOption, useConfigFile } from './config/configOption.js';
import { busOf, busOptions } from './busOptions.js';
import { checkDataDir, makeDataDir } from './dataDirectory.js';
import { checkDatabaseUrl, databaseUrlOption, idleDataDir, listenDatabaseUrlOption } from './databaseUrl.js';
import { option } from './environment.js';
import { jwtOptions, refuseJwtOptions, type JwtOptions } from './jwtOptions.js';
import { logLevels, type LogLevel } from './logLevel.js';
import { networkOptions, type NetworkOptions } from './networkOptions.js';
import {
  authentication,
  grpcPort,
  host,
  isLoopback,
  metricsPort,
  port,
  wholeNumber,
  wholeNumberOrNone,
} from './parsers.js';
import type { MetricsPort } from './serveMetrics.js';
import type { ServeOptions as ServeSettings } from './serve.js';
import { refuseOptions } from './refuseOptions.js';
import { tlsFilesOf, tlsOptions, type TlsFileOptions } from './tlsOptions.js';
import { UsageError } from './usageError.js';

type Limits = WebSocketLimits & GrpcLimits;

/** Who pings more often cuts off whoever is a little slow. Milliseconds. */
const leastPingPeriod = 1000;

/** No time for the other end to do anything is too short for somebody far away. Milliseconds. */
const leastWait = 100;

const limits: Limits = { ...defaultWebSocketLimits, ...defaultGrpcLimits };

interface ServeOptions extends Limits, NetworkOptions, TlsFileOptions, JwtOptions {
  readonly databaseUrl?: string;
  readonly listenDatabaseUrl?: string;
  readonly bus?: string;
  readonly busCredentials?: string;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly grpcPort?: number | 'none';
  readonly metricsPort: MetricsPort;
  readonly auth: 'none' | 'jwt';
  readonly allowUnauthenticated?: boolean;
  readonly debugPage: 'auto' | 'on' | 'off';
  readonly v1: boolean;
  readonly v1MaxMessageSize: number;
  readonly v1WriteTimeout: number;
  readonly maxWatchers: number;
  readonly drainTime: number;
  readonly workers: number;
  readonly traces?: boolean;
  readonly logLevel: LogLevel;
}

/** `serve`: runs a coordinator until it is told to stop. */
export function serveCommand(end: (exitCode: number) => void): Command {
  const command = serveOptions(new Command('serve')).description(
    'Run a coordinator. SIGTERM or SIGINT drains it and ends it, a second one at once.',
  );
  return command.action(async () => {
    await useConfigFile(command);
    const checked = await checkServeOptions(command);
    if (checked.databaseUrl === undefined) makeDataDir(checked.dataDir);
    const idle = idleDataDir(command);
    if (idle !== undefined && cluster.isPrimary) checked.logger.warn(idle);
    const { workers } = command.opts<ServeOptions>();
    // The other commands do without what this one loads.
    if (workers > 1 && cluster.isPrimary) {
      const { serveWorkers } = await import('./workers/serveWorkers.js');
      end(await serveWorkers(checked, workers));
    } else {
      const { serve } = await import('./serve.js');
      end(await serve(checked));
    }
  });
}

/** Gives a command the options of `serve`. */
export function serveOptions(command: Command): Command {
  command
    .addOption(configOption())
    .addOption(databaseUrlOption())
    .addOption(listenDatabaseUrlOption())
    .addOption(
      option('--data-dir <dir>', 'where the embedded database is kept when no database is given').default('.tailnet'),
    )
    .addOption(option('--host <host>', 'name or address to listen on').argParser(host).default('127.0.0.1'))
    .addOption(option('--port <port>', 'port for HTTP and WebSockets; 0: a free one').argParser(port).default(7350))
    .addOption(
      option(
        '--grpc-port <port>',
        'port for gRPC; 0: a free one; none: no gRPC. Otherwise 7351, or a free one if that is taken or --port is 0',
      ).argParser(grpcPort),
    )
    .addOption(
      option('--metrics-port <port>', 'port for metrics; 0: a free one; same: that of --port; none: no metrics')
        .argParser(metricsPort)
        .default('same'),
    )
    .addOption(
      option('--auth <how>', 'who may connect; none: everybody, as whoever they say; jwt: who has a token, as it says')
        .argParser(authentication)
        .default('none'),
    )
    .addOption(option('--allow-unauthenticated', 'allow --auth none where other machines can connect'))
    .addOption(
      option(
        '--debug-page <when>',
        'show all there is at /debug/tailnet: on, off, or auto: on where strangers cannot see it',
      )
        .choices(['auto', 'on', 'off'])
        .default('auto'),
    )
    .addOption(option('--no-v1', 'serve no peers that speak V1, the protocol of old ones'))
    .addOption(option('--traces', 'tell OpenTelemetry, if it is loaded, how long things take'))
    .addOption(
      option('--workers <n>', 'processes that share the ports, each with a coordinator')
        .argParser(wholeNumber(1, 256))
        .default(1),
    )
    .addOption(
      option(
        '--drain-time <ms>',
        'after SIGTERM or SIGINT, time over which connections are ended one by one; 0: at once',
      )
        .argParser(wholeNumber(0, 3_600_000))
        .default(2000),
    )
    .addOption(option('--log-level <level>', 'the least that is logged').choices(logLevels).default('info'));
  for (const made of [...busOptions(), ...tlsOptions(), ...jwtOptions(), ...networkOptions(), ...limitOptions()]) {
    command.addOption(made);
  }
  return command;
}

/**
 * What a command with these options was told, checked as a whole, with all files that it names.
 *
 * @param ownLogger default: one as the options say
 * @throws UsageError that says what is wrong
 */
export async function checkServeOptions(command: Command, ownLogger?: Logger): Promise<ServeSettings> {
  const options = command.opts<ServeOptions>();
  const { databaseUrl, listenDatabaseUrl } = options;
  if (databaseUrl !== undefined) checkDatabaseUrl(databaseUrl);
  if (listenDatabaseUrl !== undefined) checkDatabaseUrl(listenDatabaseUrl, '--listen-database-url');
  if (listenDatabaseUrl !== undefined && databaseUrl === undefined) {
    throw new UsageError('--listen-database-url is of use with --database-url only');
  }
  const bus = busOf(options.bus, options.busCredentials);
  if (options.auth === 'none') refuseJwtOptions(command);
  refuseWhatIsOfNoUse(command, options);
  if (options.auth === 'none' && !isLoopback(options.host) && options.allowUnauthenticated !== true) {
    throw new UsageError(
      `--auth none lets everybody in who can reach ${options.host}: give --allow-unauthenticated if that is meant`,
    );
  }
  if (databaseUrl === undefined) checkDataDir(options.dataDir);
  const tlsFiles = await tlsFilesOf(options);
  const logger = ownLogger ?? (await loggerOf(options));
  const verify = options.auth === 'jwt' ? await verifierOf(options, command, logger) : undefined;
  const {
    v1,
    v1MaxMessageSize: maxMessageSize,
    v1WriteTimeout: writeTimeout,
    debugPage,
    bus: _bus,
    ...others
  } = options;
  // With tokens it is for observers only; without, for everybody who reaches it, and that should be nobody by accident.
  const isSafe = options.auth === 'jwt' || isLoopback(options.host);
  const given = {
    ...(bus && { bus }),
    hasDebugPage: debugPage === 'on' || (debugPage === 'auto' && isSafe),
    ...(tlsFiles && { tlsFiles }),
    ...(verify && { verify }),
    ...(v1 && { v1: { maxMessageSize, writeTimeout } }),
  };
  return { ...others, ...given, traces: options.traces === true, ...limitsOf(options), logger };
}

async function loggerOf({ logLevel }: ServeOptions): Promise<Logger> {
  const { createLogger } = await import('./createLogger.js');
  return createLogger(logLevel);
}

/** Only who asks for tokens loads what verifies them. */
async function verifierOf(options: ServeOptions, command: Command, logger: Logger): Promise<TokenVerifier> {
  const { jwtAuthentication } = await import('./jwtAuthentication.js');
  return jwtAuthentication(options, command, logger);
}

/** Refuses what cannot be, and what is said of something that is not served: whoever said it believes that it is. */
function refuseWhatIsOfNoUse(command: Command, { port: http, grpcPort, metricsPort, v1 }: ServeOptions): void {
  const ports = [
    ['--port', http] as const,
    ['--grpc-port', grpcPort] as const,
    ['--metrics-port', metricsPort] as const,
  ];
  for (const [index, [name, number]] of ports.entries()) {
    const [other] = ports.slice(0, index).find(([, taken]) => taken !== 0 && taken === number) ?? [];
    if (other !== undefined && typeof number === 'number') {
      throw new UsageError(`${other} and ${name} are both ${number}: each needs a port of its own`);
    }
  }
  if (grpcPort === 'none') refuseOptions(command, ['--max-concurrent-streams'], 'with gRPC');
  if (!v1) refuseOptions(command, ['--v1-max-message-size', '--v1-write-timeout'], 'without --no-v1');
}

function limitsOf(options: Limits): Pick<ServeSettings, 'limits' | 'grpcLimits'> {
  const { maxMessageSize, highWaterMark, requestsPerSecond, requestBurst, bytesPerSecond, byteBurst } = options;
  const { maxTunnels, maxConnections, maxHandshakes, maxUnfinished } = options;
  const { handshakeTimeout, pingPeriod, closeTimeout } = options;
  const { maxJsonMessageSize, maxFrames, maxPendingPongs, maxConcurrentStreams } = options;
  const shared = {
    ...{ maxMessageSize, highWaterMark, requestsPerSecond, requestBurst, bytesPerSecond, byteBurst },
    ...{ maxTunnels, maxConnections, maxHandshakes, maxUnfinished },
    ...{ handshakeTimeout, pingPeriod, closeTimeout },
  };
  return {
    limits: { ...shared, maxJsonMessageSize, maxFrames, maxPendingPongs },
    grpcLimits: { ...shared, maxConcurrentStreams },
  };
}

function limitOptions(): Option[] {
  const most = 2 ** 31 - 1;
  const limit = (flags: string, description: string, value: number, least = 1) =>
    option(flags, description).argParser(wholeNumber(least, most)).default(value);
  const rate = (flags: string, description: string, value: number) =>
    option(flags, `${description}; none: no limit`).argParser(wholeNumberOrNone(1, most)).default(value);
  return [
    limit('--max-message-size <bytes>', 'largest message of a peer', limits.maxMessageSize),
    limit('--max-json-message-size <bytes>', 'largest message of a peer that speaks JSON', limits.maxJsonMessageSize),
    limit('--max-frames <n>', 'frames of one message', limits.maxFrames),
    limit('--max-pending-pongs <n>', 'pongs that wait to be sent to one peer', limits.maxPendingPongs),
    limit('--high-water-mark <bytes>', 'what may wait for a slow peer before updates are merged', limits.highWaterMark),
    rate(
      '--requests-per-second <n>',
      'messages of one peer, on average; more are read later',
      limits.requestsPerSecond,
    ),
    limit('--request-burst <n>', 'messages of one peer at once, after a silence', limits.requestBurst),
    rate('--bytes-per-second <n>', 'bytes of one peer, on average; more are read later', limits.bytesPerSecond),
    limit('--byte-burst <n>', 'bytes of one peer at once, after a silence', limits.byteBurst),
    limit('--max-tunnels <n>', 'open tunnels of one connection', limits.maxTunnels),
    limit('--max-connections <n>', 'open connections of each kind', limits.maxConnections),
    limit('--max-handshakes <n>', 'clients that are identified at the same time', limits.maxHandshakes),
    limit('--max-unfinished <n>', 'sockets of each kind over which no peer is connected', limits.maxUnfinished),
    limit('--max-concurrent-streams <n>', 'gRPC calls at the same time over one socket', limits.maxConcurrentStreams),
    limit('--max-watchers <n>', 'who watch peers over HTTP', defaultWatchLimits.maxWatchers),
    limit('--handshake-timeout <ms>', 'time to connect and identify', limits.handshakeTimeout, leastWait),
    limit(
      '--ping-period <ms>',
      'from one ping to the next; who is silent for so long is cut off',
      limits.pingPeriod,
      leastPingPeriod,
    ),
    limit(
      '--v1-max-message-size <bytes>',
      'largest object of a peer that speaks V1',
      defaultV1WireLimits.maxMessageSize,
    ),
    limit(
      '--v1-write-timeout <ms>',
      'time of one write to a peer that speaks V1',
      defaultV1WireLimits.writeTimeout,
      leastWait,
    ),
    limit('--close-timeout <ms>', 'time of a peer to let its connection end in order', limits.closeTimeout, leastWait),
  ];
}
