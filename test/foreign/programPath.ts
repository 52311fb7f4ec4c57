import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** The programs that others wrote, by name, and the packages of Debian that have them. */
const packages = {
  haproxy: 'haproxy',
  'nats-server': 'nats-server',
  pgbouncer: 'pgbouncer',
  promtool: 'prometheus',
  'systemd-analyze': 'systemd',
} as const;

export type ForeignProgram = keyof typeof packages;

/** All of them. */
export const foreignPrograms = Object.keys(packages) as readonly ForeignProgram[];

/**
 * Where a program is: where its variable says (`PGBOUNCER`, `SYSTEMD_ANALYZE`), in the path, or where Debian puts those
 * that serve.
 *
 * @throws Error if it is nowhere; it says what to do
 */
export const programPath = (name: ForeignProgram): string => {
  const variable = name.toUpperCase().replaceAll('-', '_');
  const named = process.env[variable];
  if (named !== undefined && named !== '') return named;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin'];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(`no ${name}: on Debian, apt-get install ${packages[name]}, or name one in ${variable}`);
};
