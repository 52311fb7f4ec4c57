import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { programOf } from '../programOf.js';
import type { ScriptedEvent } from './event.js';

/** A scripted coordinator in a process of its own. Disposing of it kills it. */
export interface CoordinatorProcess extends AsyncDisposable {
  send(op: Readonly<Record<string, unknown>>): void;
  /** Called with everything that it says from now on. */
  onEvent(listener: (event: ScriptedEvent) => void): void;
  /** SIGKILL. */
  kill(): void;
}

/** Starts one and waits until it is ready. Rejects if it ends before. */
export const startCoordinatorProcess = async (databaseUrl: string): Promise<CoordinatorProcess> => {
  const child = spawn(
    process.execPath,
    [...process.execArgv, programOf('coordinator'), '--database-url', databaseUrl, '--brief'],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = once(child, 'close');
  // It is killed while it is still told things.
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout });
  const ready = once(lines, 'line');
  if ((await Promise.race([ready, ended.then(() => undefined)])) === undefined) {
    throw new Error('the scripted coordinator ended before it was ready');
  }
  // Whatever it says must be read, or it would stop.
  lines.resume();
  return {
    send: (op) => {
      child.stdin.write(`${JSON.stringify(op)}\n`);
    },
    onEvent: (listener) => {
      lines.on('line', (line) => {
        listener(JSON.parse(line) as ScriptedEvent);
      });
    },
    kill: () => void child.kill('SIGKILL'),
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
};
