import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Logger } from 'pino';
import { reachablePath } from './cluster.js';
import { EmbeddedPostgresError } from './embeddedPostgresError.js';
import type { PostgresPrograms } from './postgresPrograms.js';
import { asAccount, type ServerAccount } from './serverAccount.js';
import { startWatchdog } from './watchdog.js';

/** A server process. */
export interface Postmaster {
  readonly pid: number;
  /** Resolves with how it ended, once it has: `exit code 0`, or a signal's name. Never rejects. */
  readonly ended: Promise<string>;
  /** Resolves when it takes connections; rejects with its last words when it ends before, or takes longer than 60 s. */
  readonly ready: Promise<void>;
  /** Ends it, at the latest after about 20 s; a transaction in flight is rolled back. */
  stop(): Promise<void>;
}

export interface PostmasterOptions {
  readonly programs: PostgresPrograms;
  readonly account: ServerAccount;
  readonly data: string;
  readonly port: number;
  readonly durable: boolean;
  readonly logger: Logger;
}

const startTimeout = 60_000;
const lastLines = 15;

/** Starts a server, and a watchdog that ends it when this process does. */
export function startPostmaster(options: PostmasterOptions): Postmaster {
  const { programs, account, data, logger } = options;
  const child = spawn(programs.postgres, ['-D', reachablePath(data, account), ...settings(options)], {
    ...asAccount(account),
    cwd: data,
    stdio: ['ignore', 'ignore', 'pipe'],
    // Away from the terminal: Ctrl-C must reach us, who drain first, and not the server.
    detached: true,
  });
  const watchdog = child.pid === undefined ? undefined : startWatchdog(child.pid, data, account);
  // The watchdog does this too, but later, and not on Windows.
  const stopAtExit = () => child.kill('SIGINT');
  process.once('exit', stopAtExit);

  let isStopping = false;
  const words: string[] = [];
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
  }).then((how) => {
    process.removeListener('exit', stopAtExit);
    watchdog?.dismiss();
    return how;
  });
  const failure = (what: string) =>
    new EmbeddedPostgresError(`the embedded PostgreSQL ${what}:\n${words.slice(-lastLines).join('\n')}`);
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(failure(`did not start within ${startTimeout / 1000} s`)), startTimeout);
    createInterface({ input: child.stderr }).on('line', (line) => {
      words.push(line);
      if (words.length > 2 * lastLines) words.splice(0, lastLines);
      logLine(logger, line, isStopping);
      if (line.includes('database system is ready to accept connections')) {
        clearTimeout(timer);
        resolve();
      }
    });
    void ended.then((how) => {
      clearTimeout(timer);
      reject(failure(`did not start (${how})`));
    });
  });
  const stop = () => {
    isStopping = true;
    return stopChild(child, ended);
  };
  return { pid: child.pid ?? 0, ended, ready, stop };
}

function settings({ port, durable }: PostmasterOptions): string[] {
  const values: Record<string, string | number> = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 300,
    log_checkpoints: 'off',
    // What was committed still survives the end of the server, just not the end of the machine.
    ...(durable ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function logLine(logger: Logger, line: string, isStopping: boolean): void {
  const text = line.replace(/^\S+ \S+ \S+ \[\d+\] /, '');
  // Whoever is still connected to a server that stops is told so with a FATAL, and that is meant.
  if (/^(FATAL|PANIC|WARNING): /.test(text) && !isStopping) logger.warn({ postgres: text }, 'embedded PostgreSQL');
  else logger.debug({ postgres: text }, 'embedded PostgreSQL');
}

async function stopChild(child: ChildProcess, ended: Promise<string>): Promise<void> {
  const steps: readonly [NodeJS.Signals, number][] = [
    ['SIGINT', 10_000],
    ['SIGQUIT', 7_000],
    ['SIGKILL', 3_000],
  ];
  for (const [signal, patience] of steps) {
    child.kill('SIGCONT');
    child.kill(signal);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, patience, 'late')));
    const outcome = await Promise.race([ended, late]);
    clearTimeout(timer);
    if (outcome !== 'late') return;
  }
  throw new EmbeddedPostgresError(`the embedded PostgreSQL (process ${child.pid}) does not stop`);
}
