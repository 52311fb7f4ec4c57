import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, map, ReplaySubject, skip, timeout } from 'rxjs';
import type { Uuid } from '../../src/db/store.js';

/** A coordinator that runs as a process of its own, as an operator starts it. */
export interface CoordinatorProcess extends AsyncDisposable {
  readonly pid: number;
  /** Resolves when it listens. Rejects, with all it logged, when it ends before. */
  readonly listening: Promise<{ readonly url: string; readonly coordinatorId: Uuid }>;
  signal(signal: NodeJS.Signals): void;
  /** How it ended: the exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  readonly isRunning: boolean;
  /** Resolves when it has logged so many lines (1) with this. Rejects, with all it logged, when it ends before. */
  logs(text: string | RegExp, times?: number): Promise<void>;
  /** All it logged so far. */
  log(): string;
  /** Sends it a message, which the program must await, and resolves with the next that it sends back. */
  ask(message: string, within: number): Promise<unknown>;
}

/** The command line, as it was built. */
export const mainProgram = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Milliseconds that a process may take to listen, or to log what is waited for, on a slow machine. */
const patience = 20_000;

/** Starts one with `serve`, on a free port. Disposing of it kills it. */
export const coordinatorProcess = (
  database: string | { readonly dataDir: string },
  more: readonly string[] = [],
): CoordinatorProcess => {
  const words = typeof database === 'string' ? ['--database-url', database] : ['--data-dir', database.dataDir];
  return coordinatorProgram([mainProgram, 'serve', ...words, '--port', '0', ...more]);
};

/**
 * Starts any program that logs as `serve` does.
 *
 * @param isApart whether it can be asked, and gets no signals from a terminal
 */
export const coordinatorProgram = (words: readonly string[], isApart = false): CoordinatorProcess => {
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'pipe', ...(isApart ? (['ipc'] as const) : [])],
    detached: isApart,
  });
  const lines$ = new ReplaySubject<string>();
  const log: string[] = [];
  let isRunning = true;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) throw new Error('the output of a process is no pipe');
    createInterface({ input: stream }).on('line', (line) => {
      log.push(line);
      lines$.next(line);
    });
  }
  const closed: Promise<unknown[]> = once(child, 'close');
  const ended = closed.then(() => {
    isRunning = false;
    lines$.complete();
    return child.exitCode ?? child.signalCode ?? 'SIGKILL';
  });
  const listening = firstValueFrom(
    lines$.pipe(
      filter((line) => line.includes('"msg":"listening"')),
      timeout({ first: patience }),
    ),
  ).then(readListening, (cause: unknown) => {
    throw new Error(`a coordinator did not listen:\n${log.join('\n')}`, { cause });
  });
  // Who does not wait for it does not care.
  listening.catch(() => undefined);
  return {
    pid: child.pid ?? 0,
    listening,
    ended,
    signal: (signal) => void child.kill(signal),
    get isRunning() {
      return isRunning;
    },
    logs: (text, times = 1) =>
      firstValueFrom(
        lines$.pipe(
          filter((line) => (typeof text === 'string' ? line.includes(text) : text.test(line))),
          skip(times - 1),
          map(() => undefined),
          timeout({ first: patience }),
        ),
      ).catch((cause: unknown) => {
        throw new Error(`a coordinator did not log ${String(text)}:\n${log.join('\n')}`, { cause });
      }),
    log: () => log.join('\n'),
    ask: async (message, within) => {
      const answer = once(child, 'message', { signal: AbortSignal.timeout(within) }) as Promise<[unknown]>;
      // An answer that does not come says more than a message that could not be sent.
      if (child.connected) child.send(message, () => undefined);
      return (await answer)[0];
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};

const readListening = (line: string): { url: string; coordinatorId: Uuid } => {
  const fields: unknown = JSON.parse(line);
  if (typeof fields !== 'object' || fields === null) throw new Error(`not an object: ${line}`);
  if (!('http' in fields) || typeof fields.http !== 'string') throw new Error(`no URL: ${line}`);
  if (!('coordinator_id' in fields) || typeof fields.coordinator_id !== 'string') throw new Error(`no id: ${line}`);
  return { url: fields.http, coordinatorId: fields.coordinator_id };
};
