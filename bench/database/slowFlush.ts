import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

const wanted = { commit_delay: '1000', commit_siblings: '0' } as const;
type Setting = keyof typeof wanted;
const names = Object.keys(wanted) as readonly Setting[];

/**
 * Lets every commit wait for a millisecond, as if that were what a flush takes. Needs a superuser.
 *
 * @returns what puts back what was set before
 */
export const slowFlush = async (admin: pg.Client): Promise<() => Promise<void>> => {
  const before = await readSettings(admin);
  await configure(
    admin,
    names.map((name) => `ALTER SYSTEM SET ${name} = ${wanted[name]}`),
    (settings) => names.every((name) => settings.get(name)?.value === wanted[name]),
  );
  return () =>
    configure(
      admin,
      names.map((name) => {
        const setting = before.get(name);
        // Only what ALTER SYSTEM had set is set again; the rest comes from where it came from.
        return setting?.isAltered === true
          ? `ALTER SYSTEM SET ${name} = ${setting.value}`
          : `ALTER SYSTEM RESET ${name}`;
      }),
      (settings) => names.every((name) => settings.get(name)?.value === before.get(name)?.value),
    );
};

interface SettingState {
  readonly value: string;
  readonly isAltered: boolean;
}

const readSettings = async (admin: pg.Client): Promise<ReadonlyMap<string, SettingState>> => {
  const { rows } = await admin.query<{ name: string; setting: string; sourcefile: string | null }>(
    'SELECT name, setting, sourcefile FROM pg_settings WHERE name = ANY ($1)',
    [names],
  );
  return new Map(
    rows.map(({ name, setting, sourcefile }) => [
      name,
      { value: setting, isAltered: sourcefile?.endsWith('postgresql.auto.conf') === true },
    ]),
  );
};

/** Changes settings and waits until sessions have them: the server tells its processes by signals, and nobody of it. */
const configure = async (
  admin: pg.Client,
  statements: readonly string[],
  isDone: (settings: ReadonlyMap<string, SettingState>) => boolean,
): Promise<void> => {
  for (const statement of statements) await admin.query(statement);
  await admin.query('SELECT pg_reload_conf()');
  for (let attempt = 0; attempt < 100; attempt++) {
    if (isDone(await readSettings(admin))) return;
    await delay(20);
  }
  throw new Error('the server does not take over its settings for slow flushes');
};
