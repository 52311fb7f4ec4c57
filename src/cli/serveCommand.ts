import { Command, type Option } from 'commander';
import { defaultGrpcLimits as limits, type GrpcLimits } from '../gateways/grpcOptions.js';
import type { TlsFiles } from '../gateways/tlsFiles.js';
import { createLogger, logLevels, type LogLevel } from './createLogger.js';
import { checkDatabaseUrl, databaseUrlOption } from './databaseUrl.js';
import { option } from './environment.js';
import { authentication, grpcPort, host, isLoopback, port, wholeNumber } from './parsers.js';
import { UsageError } from './usageError.js';

interface ServeOptions extends ServeLimits, TlsFileOptions {
  readonly databaseUrl?: string;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly grpcPort?: number | 'none';
  readonly auth: 'none';
  readonly allowUnauthenticated?: boolean;
  readonly logLevel: LogLevel;
}

interface TlsFileOptions {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
}

/** The limits that have an option; the others keep their defaults. */
type ServeLimits = Pick<
  GrpcLimits,
  | 'maxMessageSize'
  | 'requestsPerSecond'
  | 'requestBurst'
  | 'bytesPerSecond'
  | 'byteBurst'
  | 'maxTunnels'
  | 'maxConnections'
  | 'maxHandshakes'
  | 'maxUnfinished'
  | 'maxConcurrentStreams'
  | 'handshakeTimeout'
>;

/** `serve`: runs a coordinator until it is told to stop. */
export function serveCommand(end: (exitCode: number) => void): Command {
  const command = new Command('serve')
    .description('Run a coordinator. SIGTERM or SIGINT drains it and ends it within 20 s, a second one at once.')
    .addOption(databaseUrlOption())
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
    .addOption(option('--tls-cert <file>', 'certificate to show, in PEM; read again when it changes'))
    .addOption(option('--tls-key <file>', 'its private key'))
    .addOption(option('--tls-client-ca <file>', 'authorities by which the certificates of clients must be signed'))
    .addOption(
      option('--auth <how>', 'who may connect; "none": everybody, as whoever they say')
        .argParser(authentication)
        .default('none'),
    )
    .addOption(option('--allow-unauthenticated', 'allow --auth none where other machines can connect'))
    .addOption(option('--log-level <level>', 'the least that is logged').choices(logLevels).default('info'));
  for (const limit of limitOptions()) command.addOption(limit);
  return command.action(async (options: ServeOptions) => {
    if (options.databaseUrl !== undefined) checkDatabaseUrl(options.databaseUrl);
    if (!isLoopback(options.host) && options.allowUnauthenticated !== true) {
      throw new UsageError(
        `--auth none lets everybody in who can reach ${options.host}: give --allow-unauthenticated if that is meant`,
      );
    }
    const tlsFiles = tlsFilesOf(options);
    // The other commands do without what this one loads.
    const { serve } = await import('./serve.js');
    const logger = createLogger(options.logLevel);
    end(await serve({ ...options, ...(tlsFiles && { tlsFiles }), limits: limitsOf(options), logger }));
  });
}

function tlsFilesOf({ tlsCert: cert, tlsKey: key, tlsClientCa: ca }: TlsFileOptions): TlsFiles | undefined {
  if (cert !== undefined && key !== undefined) return { cert, key, ...(ca !== undefined && { ca }) };
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  throw new UsageError('TLS needs both --tls-cert and --tls-key');
}

function limitsOf(options: ServeLimits): ServeLimits {
  const { maxMessageSize, requestsPerSecond, requestBurst, bytesPerSecond, byteBurst } = options;
  const { maxTunnels, maxConnections, maxHandshakes, maxUnfinished, maxConcurrentStreams, handshakeTimeout } = options;
  const rates = { requestsPerSecond, requestBurst, bytesPerSecond, byteBurst };
  const counts = { maxTunnels, maxConnections, maxHandshakes, maxUnfinished, maxConcurrentStreams };
  return { ...rates, ...counts, maxMessageSize, handshakeTimeout };
}

function limitOptions(): Option[] {
  const most = 2 ** 31 - 1;
  const limit = (flags: string, description: string, value: number) =>
    option(flags, description).argParser(wholeNumber(1, most)).default(value);
  return [
    limit('--max-message-size <bytes>', 'largest message of a peer', limits.maxMessageSize),
    limit(
      '--requests-per-second <n>',
      'messages of one peer, on average; more are read later',
      limits.requestsPerSecond,
    ),
    limit('--request-burst <n>', 'messages of one peer at once, after a silence', limits.requestBurst),
    limit('--bytes-per-second <n>', 'bytes of one peer, on average; more are read later', limits.bytesPerSecond),
    limit('--byte-burst <n>', 'bytes of one peer at once, after a silence', limits.byteBurst),
    limit('--max-tunnels <n>', 'open tunnels of one connection', limits.maxTunnels),
    limit('--max-connections <n>', 'open connections of each kind', limits.maxConnections),
    limit('--max-handshakes <n>', 'clients that are identified at the same time', limits.maxHandshakes),
    limit('--max-unfinished <n>', 'sockets of each kind over which no peer is connected', limits.maxUnfinished),
    limit('--max-concurrent-streams <n>', 'gRPC calls at the same time over one socket', limits.maxConcurrentStreams),
    limit('--handshake-timeout <ms>', 'time to connect and identify', limits.handshakeTimeout),
  ];
}
