import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from 'pino';
import { EmbeddedPostgresError } from './embeddedPostgresError.js';
import { processStart } from './processStart.js';

/**
 * Stops a server that was left behind on this data by a command which was killed. Only the owner of the data directory
 * may call this. Errors when the server does not stop within 25 s.
 */
export async function stopOrphanedServer(data: string, logger: Logger): Promise<void> {
  const pidFile = join(data, 'postmaster.pid');
  const pid = readPid(pidFile);
  if (pid === undefined) return;
  const start = processStart(pid);
  if (start === undefined) return;
  if (!serves(pid, data)) {
    // The server is long gone and its number was given to another process. PostgreSQL cannot tell and would refuse.
    rmSync(pidFile, { force: true });
    return;
  }
  logger.warn({ pid }, 'stopping the embedded PostgreSQL that a killed command left behind');
  const steps: readonly [NodeJS.Signals, number][] = [
    ['SIGINT', 10_000],
    ['SIGQUIT', 10_000],
    ['SIGKILL', 5_000],
  ];
  for (const [signal, patience] of steps) {
    signalProcess(pid, 'SIGCONT');
    signalProcess(pid, signal);
    for (let waited = 0; waited < patience; waited += 20) {
      if (processStart(pid) !== start) return;
      await delay(20);
    }
  }
  throw new EmbeddedPostgresError(`process ${pid} still serves ${data} and cannot be stopped`);
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number(readFileSync(file, 'utf8').split('\n', 1)[0]);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Whether this process is the server of this data: a server works within its data directory. */
function serves(pid: number, data: string): boolean {
  if (process.platform === 'linux') {
    try {
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
    } catch {
      return false;
    }
  }
  if (process.platform === 'win32') return true;
  return spawnSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).stdout.includes(data);
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended, or is not ours: the caller looks.
  }
}
