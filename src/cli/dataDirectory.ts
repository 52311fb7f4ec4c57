import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorText } from './errorText.js';
import { UsageError } from './usageError.js';

/**
 * Refuses what can be no data directory, whether it is there already or not.
 *
 * @throws UsageError `option '--data-dir': … is no directory`, or what the operating system says
 */
export function checkDataDir(dataDir: string): void {
  const wanted = resolve(dataDir);
  const existing = nearestExisting(wanted);
  if (!existing.isDirectory) throw refusal(`${existing.path} is no directory`);
  if (existing.path === wanted) orRefuse(() => accessSync(wanted, constants.R_OK | constants.W_OK | constants.X_OK));
}

/**
 * Makes the data directory if it is not there.
 *
 * @throws UsageError as {@link checkDataDir} does
 */
export function makeDataDir(dataDir: string): void {
  checkDataDir(dataDir);
  orRefuse(() => makeDirectory(resolve(dataDir)));
}

/**
 * One directory after the other: where nothing can be made, as below /proc, Node.js would go on trying for ever to make
 * them all at once.
 */
function makeDirectory(directory: string): void {
  if (nearestExisting(directory).path === directory) return;
  makeDirectory(dirname(directory));
  try {
    mkdirSync(directory);
  } catch (error) {
    // Somebody else may have made it meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** The directory itself, or the nearest of those above it that is there. The root always is. */
function nearestExisting(path: string): { readonly path: string; readonly isDirectory: boolean } {
  let stats;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A file is in the way: the next one up will be it.
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw refusal(errorText(error));
  }
  return stats ? { path, isDirectory: stats.isDirectory() } : nearestExisting(dirname(path));
}

function orRefuse(work: () => void): void {
  try {
    work();
  } catch (error) {
    throw refusal(errorText(error), error);
  }
}

function refusal(problem: string, cause?: unknown): UsageError {
  return new UsageError(`option '--data-dir': ${problem}`, { cause });
}
