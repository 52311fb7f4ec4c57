import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EmbeddedPostgresError } from './embeddedPostgresError.js';
import { embeddedPostgresVersion } from './binariesPackage.js';
import type { PostgresPrograms } from './postgresPrograms.js';
import { asAccount, type ServerAccount } from './serverAccount.js';

/** The superuser. */
export const superuser = 'tailnet';

/** What PostgreSQL keeps in a data directory: `postgres/data`, and the superuser's password beside it. */
export interface Cluster {
  readonly data: string;
  readonly password: string;
}

/** Where the cluster's data is, or would be. */
export function clusterData(dataDir: string): string {
  return join(dataDir, 'postgres', 'data');
}

/**
 * The cluster in a data directory; makes it when there is none. It is made aside and then renamed: a crash meanwhile
 * leaves no half of one. Only the owner of the data directory may call this.
 */
export async function openCluster(
  dataDir: string,
  programs: PostgresPrograms,
  account: ServerAccount,
  durable: boolean,
): Promise<Cluster> {
  const directory = join(dataDir, 'postgres');
  if (!existsSync(directory)) await makeCluster(directory, programs, account, durable);
  refuseOtherVersion(clusterData(dataDir));
  return { data: clusterData(dataDir), password: readPassword(dataDir) };
}

/** The superuser's password; throws when there is no cluster, or this process may not know it. */
export function readPassword(dataDir: string): string {
  return readFileSync(join(dataDir, 'postgres', 'password'), 'utf8').trim();
}

/** The URL of our database on a server that listens on this port. */
export function clusterUrl(password: string, port: number): string {
  return `postgres://${superuser}:${encodeURIComponent(password)}@127.0.0.1:${port}/tailnet`;
}

/**
 * The directory as the account can name it. Nothing below a private directory can be reached by its path; but root can
 * start a process within, and on Linux that process has a path to where it was started.
 */
export function reachablePath(directory: string, account: ServerAccount): string {
  if (account === undefined) return directory;
  const visit = spawnSync('sh', ['-c', 'cd -- "$1"', 'sh', directory], { ...asAccount(account), cwd: '/' });
  if (visit.status === 0) return directory;
  if (process.platform === 'linux') return '/proc/self/cwd';
  throw new EmbeddedPostgresError(
    `PostgreSQL runs as user id ${account.uid}, which cannot reach ${directory}: choose another --data-dir`,
  );
}

async function makeCluster(directory: string, programs: PostgresPrograms, account: ServerAccount, durable: boolean) {
  const unfinished = `${directory}.unfinished`;
  const data = join(unfinished, 'data');
  const password = join(unfinished, 'password');
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  chmodSync(unfinished, 0o711);
  writeFileSync(password, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600 });
  if (account !== undefined) for (const path of [data, password]) chownSync(path, account.uid, account.gid);
  await runInitdb(data, programs, account, durable);
  renameSync(unfinished, directory);
}

function runInitdb(data: string, programs: PostgresPrograms, account: ServerAccount, durable: boolean): Promise<void> {
  const options = ['--encoding=UTF8', '--no-locale', '--auth=scram-sha-256', `--username=${superuser}`];
  if (!durable) options.push('--no-sync');
  const initdb = spawn(
    programs.initdb,
    [...options, '--pwfile=../password', '-D', reachablePath(data, account)],
    // Detached: Ctrl-C is for us, who then end it.
    { ...asAccount(account), cwd: data, stdio: ['ignore', 'ignore', 'pipe'], detached: true, timeout: 120_000 },
  );
  let complaint = '';
  initdb.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  return new Promise((resolve, reject) => {
    initdb.on('error', reject);
    initdb.on('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(new EmbeddedPostgresError(`initdb failed (${signal ?? `exit code ${code}`}): ${complaint.trim()}`));
    });
  });
}

function refuseOtherVersion(data: string): void {
  const version = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  const [expected] = embeddedPostgresVersion.split('.');
  if (version !== expected) {
    throw new EmbeddedPostgresError(
      `${data} was made by PostgreSQL ${version}, and this is PostgreSQL ${expected}: choose another --data-dir, or move the data with pg_dump`,
    );
  }
}
