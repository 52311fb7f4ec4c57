import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { linkLibraries, type BinariesPackage } from './binariesPackage.js';
import { EmbeddedPostgresError } from './embeddedPostgresError.js';

/**
 * Copies the programs to where every account can read them, once per version, and returns the directory: a folder of
 * `cache`, by default below /var/cache for root and ~/.cache for others. The copy appears whole or not at all, and
 * several processes may make it at the same time. About 60 MB.
 */
export function copyBinaries(source: BinariesPackage, cache = cacheDirectory()): string {
  const copy = join(cache, source.label);
  if (!existsSync(copy)) {
    const temporary = mkdtempSync(join(cache, 'new-'));
    try {
      for (const part of ['bin', 'lib', 'share', 'pg-symlinks.json']) {
        const from = join(source.directory, 'native', part);
        if (existsSync(from))
          cpSync(from, join(temporary, 'native', part), { recursive: true, verbatimSymlinks: true });
      }
      linkLibraries(temporary);
      makeReadable(temporary);
      renameSync(temporary, copy);
    } catch (error) {
      rmSync(temporary, { recursive: true, force: true });
      // Another process was faster: its copy is as good.
      if (!existsSync(copy)) throw error;
    }
  }
  refuseForeign(copy);
  return copy;
}

/** Root's copy must be readable for other accounts, and stay for as long as the server runs; so not in /tmp if possible. */
function cacheDirectory(): string {
  const candidates =
    process.getuid?.() === 0
      ? ['/var/cache', tmpdir()]
      : [process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), tmpdir()];
  for (const candidate of candidates) {
    const directory = join(candidate, `tailnet-coordinator-${process.getuid?.() ?? 'user'}`);
    try {
      mkdirSync(directory, { recursive: true });
      refuseForeign(directory);
      // Whatever the umask took away.
      chmodSync(directory, 0o755);
      accessSync(directory, constants.W_OK);
      return directory;
    } catch {
      // Read-only, full or somebody else's: try the next.
    }
  }
  throw new EmbeddedPostgresError(
    `no place for a copy of the PostgreSQL programs (tried ${candidates.join(', ')}): give --database-url`,
  );
}

/** What others could have put there must not be run. */
function refuseForeign(directory: string): void {
  const { uid, mode } = lstatSync(directory);
  if (process.getuid !== undefined && (uid !== process.getuid() || (mode & 0o022) !== 0)) {
    throw new EmbeddedPostgresError(`${directory} can be written by others: remove it`);
  }
}

function makeReadable(path: string): void {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return;
  const executable = stat.isDirectory() || (stat.mode & 0o100) !== 0;
  chmodSync(path, executable ? 0o755 : 0o644);
  if (stat.isDirectory()) for (const name of readdirSync(path)) makeReadable(join(path, name));
}
