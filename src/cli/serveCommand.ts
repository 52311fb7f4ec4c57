import { Command, type Option } from 'commander';
import { defaultWebSocketLimits as limits, type WebSocketLimits } from '../gateways/webSocketOptions.js';
import { defaultWatchLimits } from '../gateways/watchOptions.js';
import { createLogger, logLevels, type LogLevel } from './createLogger.js';
import { checkDatabaseUrl, databaseUrlOption } from './databaseUrl.js';
import { option } from './environment.js';
import { jwtAuthentication } from './jwtAuthentication.js';
import { jwtOptions, refuseJwtOptions, type JwtOptions } from './jwtOptions.js';
import { networkOptions, type NetworkOptions } from './networkOptions.js';
import { authentication, host, isLoopback, port, wholeNumber } from './parsers.js';
import { UsageError } from './usageError.js';

interface ServeOptions extends WebSocketLimits, NetworkOptions, JwtOptions {
  readonly databaseUrl?: string;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly auth: 'none' | 'jwt';
  readonly allowUnauthenticated?: boolean;
  readonly maxWatchers: number;
  readonly logLevel: LogLevel;
}

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
      option('--auth <how>', 'who may connect; none: everybody, as whoever they say; jwt: who has a token, as it says')
        .argParser(authentication)
        .default('none'),
    )
    .addOption(option('--allow-unauthenticated', 'allow --auth none where other machines can connect'))
    .addOption(option('--log-level <level>', 'the least that is logged').choices(logLevels).default('info'));
  for (const made of [...jwtOptions(), ...networkOptions(), ...limitOptions()]) command.addOption(made);
  return command.action(async (options: ServeOptions) => {
    if (options.databaseUrl !== undefined) checkDatabaseUrl(options.databaseUrl);
    if (options.auth === 'none') refuseJwtOptions(command);
    if (options.auth === 'none' && !isLoopback(options.host) && options.allowUnauthenticated !== true) {
      throw new UsageError(
        `--auth none lets everybody in who can reach ${options.host}: give --allow-unauthenticated if that is meant`,
      );
    }
    const logger = createLogger(options.logLevel);
    const verify = options.auth === 'jwt' ? await jwtAuthentication(options, command, logger) : undefined;
    // The other commands do without what this one loads.
    const { serve } = await import('./serve.js');
    end(await serve({ ...options, limits: limitsOf(options), logger, ...(verify && { verify }) }));
  });
}

function limitsOf(options: WebSocketLimits): WebSocketLimits {
  const { maxMessageSize, maxFrames, maxPendingPongs, highWaterMark } = options;
  const { requestsPerSecond, requestBurst, bytesPerSecond, byteBurst } = options;
  const { maxTunnels, maxConnections, maxHandshakes, maxUnfinished } = options;
  const { handshakeTimeout, pingPeriod, closeTimeout } = options;
  const sizes = { maxMessageSize, maxFrames, maxPendingPongs, highWaterMark };
  const rates = { requestsPerSecond, requestBurst, bytesPerSecond, byteBurst };
  const counts = { maxTunnels, maxConnections, maxHandshakes, maxUnfinished };
  return { ...sizes, ...rates, ...counts, handshakeTimeout, pingPeriod, closeTimeout };
}

function limitOptions(): Option[] {
  const most = 2 ** 31 - 1;
  const limit = (flags: string, description: string, value: number) =>
    option(flags, description).argParser(wholeNumber(1, most)).default(value);
  return [
    limit('--max-message-size <bytes>', 'largest message of a peer', limits.maxMessageSize),
    limit('--max-frames <n>', 'frames of one message', limits.maxFrames),
    limit('--max-pending-pongs <n>', 'pongs that wait to be sent to one peer', limits.maxPendingPongs),
    limit('--high-water-mark <bytes>', 'what may wait for a slow peer before updates are merged', limits.highWaterMark),
    limit(
      '--requests-per-second <n>',
      'messages of one peer, on average; more are read later',
      limits.requestsPerSecond,
    ),
    limit('--request-burst <n>', 'messages of one peer at once, after a silence', limits.requestBurst),
    limit('--bytes-per-second <n>', 'bytes of one peer, on average; more are read later', limits.bytesPerSecond),
    limit('--byte-burst <n>', 'bytes of one peer at once, after a silence', limits.byteBurst),
    limit('--max-tunnels <n>', 'open tunnels of one connection', limits.maxTunnels),
    limit('--max-connections <n>', 'open connections', limits.maxConnections),
    limit('--max-handshakes <n>', 'clients that are identified at the same time', limits.maxHandshakes),
    limit('--max-unfinished <n>', 'sockets that are no WebSockets, or not yet', limits.maxUnfinished),
    limit('--max-watchers <n>', 'who watch peers over HTTP', defaultWatchLimits.maxWatchers),
    limit('--handshake-timeout <ms>', 'time to connect and identify', limits.handshakeTimeout),
    limit('--ping-period <ms>', 'from one ping to the next; who is silent for so long is cut off', limits.pingPeriod),
    limit('--close-timeout <ms>', 'time of a peer to answer a close frame', limits.closeTimeout),
  ];
}
