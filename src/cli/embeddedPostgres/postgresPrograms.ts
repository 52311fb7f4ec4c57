import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findBinariesPackage, linkLibraries } from './binariesPackage.js';
import { copyBinaries } from './copyBinaries.js';
import { EmbeddedPostgresError } from './embeddedPostgresError.js';
import { asAccount, type ServerAccount } from './serverAccount.js';

/** Paths of programs that the account can run. */
export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/**
 * The PostgreSQL programs, as the account can run them: where npm put them, or else in a copy. Another account cannot
 * reach a checkout below a private directory such as /root, and a package installed by somebody else without its
 * links cannot be mended in place.
 */
export function postgresPrograms(account: ServerAccount): PostgresPrograms {
  const source = findBinariesPackage();
  if (tryLink(source.directory) && complaint(source.directory, account) === undefined) {
    return programs(source.directory);
  }
  const copy = copyBinaries(source);
  const problem = complaint(copy, account);
  if (problem === undefined) return programs(copy);
  throw new EmbeddedPostgresError(
    `the PostgreSQL programs in ${copy} do not run (${problem}): give --database-url to use another PostgreSQL`,
  );
}

function tryLink(directory: string): boolean {
  try {
    linkLibraries(directory);
    return true;
  } catch {
    return false;
  }
}

/** What goes wrong when the account runs the server's program; undefined when it runs. */
function complaint(directory: string, account: ServerAccount): string | undefined {
  const run = spawnSync(programs(directory).postgres, ['--version'], {
    ...asAccount(account),
    cwd: '/',
    encoding: 'utf8',
    timeout: 20_000,
  });
  if (run.status === 0) return undefined;
  return run.error?.message ?? (run.stderr.trim() || `exit code ${run.status}`);
}

function programs(directory: string): PostgresPrograms {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const program = (name: string) => join(directory, 'native', 'bin', `${name}${suffix}`);
  return { initdb: program('initdb'), postgres: program('postgres') };
}
