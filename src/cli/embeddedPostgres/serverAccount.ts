import { spawnSync, type SpawnOptions } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { EmbeddedPostgresError } from './embeddedPostgresError.js';

/** Whom PostgreSQL runs as. Undefined: whoever runs this process. */
export type ServerAccount = { readonly uid: number; readonly gid: number } | undefined;

/**
 * PostgreSQL refuses to run as root. So root runs it as the owner of the data that is there, or else as `postgres`, or
 * else as `nobody`. The account must have a name (initdb looks it up); none is ever created.
 */
export function serverAccount(data: string): ServerAccount {
  if (process.getuid?.() !== 0) return undefined;
  if (existsSync(data)) {
    const { uid, gid } = statSync(data);
    if (uid !== 0) return { uid, gid };
  }
  const account = lookUp('postgres') ?? lookUp('nobody');
  if (account === undefined) {
    throw new EmbeddedPostgresError(
      'PostgreSQL does not run as root, and there is no user "postgres" or "nobody" to run it as: start this as another user, or give --database-url',
    );
  }
  return account;
}

/** What makes a child process run as the account, and without any of our PostgreSQL settings. */
export function asAccount(account: ServerAccount): Pick<SpawnOptions, 'uid' | 'gid' | 'env'> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name)));
  return { ...account, env: { ...env, LC_ALL: 'C' } };
}

function lookUp(name: string): ServerAccount {
  const [uid, gid] = ['-u', '-g'].map((flag) => {
    const { status, stdout } = spawnSync('id', [flag, name], { encoding: 'utf8' });
    return status === 0 ? Number(stdout) : 0;
  });
  return uid && gid ? { uid, gid } : undefined;
}
