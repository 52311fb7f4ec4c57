import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedPostgresError } from './embeddedPostgresError.js';
import { processStart } from './processStart.js';

/** A data directory that belongs to this process until it is released, or the process ends in whatever way. */
export interface DirectoryLock {
  release(): void;
}

interface Owner {
  readonly pid: number;
  readonly start: string | undefined;
}

/**
 * Makes this process the owner of a data directory.
 *
 * The owner is whoever made the file `lock.N` with the highest N. The next owner makes `lock.N+1`, which only one of
 * several can, and only once the owner before has released it or is no longer alive. The numbers only grow: were they
 * used again, a slow starter that still remembers an old number could become a second owner.
 *
 * Errors with `the data directory <dir> is in use by process <pid>: …` while its owner lives.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  for (;;) {
    const current = highestLock(directory);
    const owner = current === 0 ? undefined : await readOwner(lockFile(directory, current));
    if (owner !== undefined && isAlive(owner)) {
      throw new EmbeddedPostgresError(
        `the data directory ${directory} is in use by process ${owner.pid}: stop that, or choose another --data-dir`,
      );
    }
    const mine = lockFile(directory, current + 1);
    try {
      writeFileSync(mine, JSON.stringify({ pid: process.pid, start: processStart(process.pid) }), { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
      throw error;
    }
    for (const number of lockNumbers(directory)) if (number <= current) rmSync(lockFile(directory, number));
    return {
      release: () => {
        // A directory that was removed meanwhile needs no release.
        if (existsSync(mine)) writeFileSync(mine, JSON.stringify({ released: true }));
      },
    };
  }
}

/** The process that owns a data directory, if there is one and it lives. */
export function ownerOf(directory: string): number | undefined {
  try {
    const owner = parseOwner(readFileSync(lockFile(directory, highestLock(directory)), 'utf8'));
    return owner !== undefined && isAlive(owner) ? owner.pid : undefined;
  } catch {
    return undefined;
  }
}

async function readOwner(file: string): Promise<Owner | undefined> {
  // The file may be read between being made and being filled. One that stays empty was left by a crash.
  for (let attempt = 0; attempt < 20; attempt += 1) {
    try {
      return parseOwner(readFileSync(file, 'utf8'));
    } catch {
      await delay(25);
    }
  }
  return undefined;
}

/** Undefined: released. Throws when the text is not complete. */
function parseOwner(text: string): Owner | undefined {
  const { pid, start } = JSON.parse(text) as Partial<Owner>;
  return pid === undefined ? undefined : { pid, start };
}

function isAlive({ pid, start }: Owner): boolean {
  const now = processStart(pid);
  return now !== undefined && now === start;
}

function highestLock(directory: string): number {
  return Math.max(0, ...lockNumbers(directory));
}

function lockNumbers(directory: string): number[] {
  return readdirSync(directory).flatMap((name) => {
    const number = /^lock\.(\d+)$/.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

function lockFile(directory: string, number: number): string {
  return join(directory, `lock.${number}`);
}
