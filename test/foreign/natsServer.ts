import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { quietPort } from '../support/quietPort.js';
import { programPath } from './programPath.js';

/** A server of NATS, to be mistreated. */
export interface NatsServer extends AsyncDisposable {
  /** `127.0.0.1:port`. */
  readonly host: string;
  /** Ends it; `start` starts another at the same port. */
  stop(): Promise<void>;
  start(): Promise<void>;
  signal(signal: NodeJS.Signals): void;
}

/** Starts a server; resolves when it takes connections. */
export const startNatsServer = async (words: readonly string[] = []): Promise<NatsServer> => {
  const port = await quietPort();
  let program: ChildProcess | undefined;
  const start = async () => {
    const started = spawn(programPath('nats-server'), ['--addr', '127.0.0.1', '--port', String(port), ...words]);
    program = started;
    const log: string[] = [];
    await new Promise<void>((resolve, reject) => {
      started.on('error', reject);
      started.on('close', () => reject(new Error(`nats-server ended:\n${log.join('\n')}`)));
      createInterface({ input: started.stderr }).on('line', (line) => {
        log.push(line);
        if (line.includes('Server is ready')) resolve();
      });
    });
  };
  const stop = async () => {
    if (program?.exitCode !== null || program.signalCode !== null) return;
    const closed = once(program, 'close');
    program.kill('SIGKILL');
    await closed;
  };
  await start();
  return {
    host: `127.0.0.1:${String(port)}`,
    start,
    stop,
    signal: (signal) => void program?.kill(signal),
    [Symbol.asyncDispose]: stop,
  };
};
