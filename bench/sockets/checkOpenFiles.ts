import { existsSync, readFileSync } from 'node:fs';
import { UsageError } from '../usageError.js';

/** What a process needs besides its sockets. */
const others = 200;

/**
 * Refuses to start what would end in the middle.
 *
 * @param limits the text of /proc/self/limits; undefined where there is none
 * @throws UsageError that says what to do
 */
export const checkOpenFiles = (sockets: number, limits: string | undefined): void => {
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits ?? '')?.[1] ?? Infinity);
  const needed = sockets + others;
  if (limit >= needed) return;
  throw new UsageError(
    `${sockets} sockets need ${needed} open files in each of two processes, and ${limit} are allowed here: run "ulimit -n ${needed}" first`,
  );
};

/** Of this process; node has raised them as far as it may. */
export const processLimits = (): string | undefined =>
  existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : undefined;
