import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A scripted coordinator in a process of its own. */
export interface CoordinatorProcess {
  readonly process: ChildProcess;
  send(op: Readonly<Record<string, unknown>>): void;
}

/** Starts one and waits until it is ready. */
export const startCoordinatorProcess = async (databaseUrl: string): Promise<CoordinatorProcess> => {
  const program = fileURLToPath(new URL('scriptedCoordinator.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', program, '--database-url', databaseUrl, '--brief'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  await once(lines, 'line');
  // Whatever else it says must be read, or it would stop.
  lines.on('line', () => undefined);
  return {
    process: child,
    send: (op) => {
      child.stdin.write(`${JSON.stringify(op)}\n`);
    },
  };
};
