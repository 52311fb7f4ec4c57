import { destination, pino, type DestinationStream, type Logger } from 'pino';
import { fitForLog } from './fitForLog.js';
import { loggedError } from './loggedError.js';
import type { LogLevel } from './logLevel.js';
import { sampledLog } from './sampledLog.js';

/** So many bytes of lines may wait for whoever reads them. */
const maxWaiting = 16 * 1024 * 1024;

/**
 * Logs to standard output: readable lines on a terminal, JSON otherwise. Lines that cannot be written are lost, as are
 * those for which a slow reader leaves no room: a log must not hold up a heartbeat.
 */
export async function createLogger(level: LogLevel): Promise<Logger> {
  const isTerminal = process.stdout.isTTY;
  const stream = isTerminal ? await prettyStream() : jsonStream();
  const streamWrite = (line: string) => fitForLog(line, isTerminal);
  const logMethod = sampledLog({
    ...{ most: 10, period: 10_000 },
    later: (work, milliseconds) => void setTimeout(work, milliseconds).unref(),
  });
  return pino({ level, serializers: { err: loggedError }, hooks: { streamWrite, logMethod } }, stream);
}

/** What makes lines readable is loaded only where somebody reads them. */
async function prettyStream(): Promise<DestinationStream> {
  const { PinoPretty } = await import('pino-pretty');
  return PinoPretty({ sync: true, translateTime: 'SYS:HH:MM:ss.l', singleLine: true, ignore: 'pid,hostname' });
}

function jsonStream(): DestinationStream {
  const stream = destination({ fd: 1, sync: false, maxLength: maxWaiting });
  // Whoever read our lines has gone. That is no reason to end connections.
  stream.on('error', () => {});
  return stream;
}
