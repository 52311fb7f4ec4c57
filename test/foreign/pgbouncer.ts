import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where PgBouncer is: in the path, where Debian puts it, or where `PGBOUNCER` says. */
export const pgbouncerPath = (): string => {
  const named = process.env['PGBOUNCER'];
  if (named !== undefined) return named;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  const found = folders.map((folder) => join(folder, 'pgbouncer')).find((path) => existsSync(path));
  if (found === undefined) throw new Error('no pgbouncer; on Debian: apt-get install pgbouncer');
  return found;
};
