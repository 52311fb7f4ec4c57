import { destination, pino, type DestinationStream, type Level, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
import { fitForLog } from './fitForLog.js';
import { loggedError } from './loggedError.js';

/** What `--log-level` accepts. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

export type LogLevel = Level | 'silent';

/** Logs to standard output: readable lines on a terminal, JSON otherwise. Lines that cannot be written are lost. */
export function createLogger(level: LogLevel): Logger {
  const isTerminal = process.stdout.isTTY;
  const stream = isTerminal ? prettyStream() : jsonStream();
  const streamWrite = (line: string) => fitForLog(line, isTerminal);
  return pino({ level, serializers: { err: loggedError }, hooks: { streamWrite } }, stream);
}

function prettyStream(): DestinationStream {
  return PinoPretty({ sync: true, translateTime: 'SYS:HH:MM:ss.l', singleLine: true, ignore: 'pid,hostname' });
}

function jsonStream(): DestinationStream {
  const stream = destination({ fd: 1, sync: true });
  // Whoever read our lines has gone. That is no reason to end connections.
  stream.on('error', () => {});
  return stream;
}
