import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../../src/cli/usageError.js';

/**
 * Makes the folder for a report where it is not there, and sees that files can be written to it.
 *
 * @throws UsageError `--out DIR: it cannot be made, its parent is not there`, `--out DIR: it is no folder`,
 *   `--out DIR: nothing can be written there: EACCES`, and the like
 */
export const makeReportFolder = (directory: string): void => {
  const refuse = (why: string): never => {
    throw new UsageError(`--out ${directory}: ${why}`);
  };
  try {
    mkdirSync(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') refuse('it cannot be made, its parent folder is not there');
    if (code !== 'EEXIST') refuse(`it cannot be made: ${code}`);
    if (!statSync(directory).isDirectory()) refuse('it is no folder');
  }
  const probe = join(directory, `.probe-${process.pid}`);
  try {
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    refuse(`nothing can be written there: ${(error as NodeJS.ErrnoException).code}`);
  }
};
