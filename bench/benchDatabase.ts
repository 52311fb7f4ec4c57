import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from 'tailnet-coordinator';
import { startEmbeddedPostgres } from '../src/cli/embeddedPostgres/startEmbeddedPostgres.js';
import { type CostMeter, createCostMeter } from './measure/costs.js';
import { watchSockets } from './measure/socketBytes.js';

export interface BenchDatabaseOptions {
  /** Without one, an embedded server is started. */
  readonly url: string | undefined;
  /** `commit_delay=1000, commit_siblings=0`: as if a flush took a millisecond. */
  readonly slowFlush: boolean;
  /** Foreign connections that LISTEN to something else, which every notifying commit must wake. */
  readonly idleListeners: number;
}

/** A database that is empty and at rest, and what measures it. */
export interface BenchDatabase {
  readonly url: string;
  readonly costs: CostMeter;
  /** What stands in `params` of every result. */
  readonly settings: Readonly<Record<string, string | number>>;
  close(): Promise<void>;
}

export const openBenchDatabase = async (options: BenchDatabaseOptions): Promise<BenchDatabase> => {
  const server =
    options.url === undefined ? await embeddedServer() : { url: options.url, stop: () => Promise.resolve() };
  const { url } = server;
  const sockets = watchSockets(Number(new URL(url).port || 5432));
  await migrate(url);

  const database = new URL(url).pathname.slice(1);
  const admin = new pg.Client({ connectionString: urlOf(url, 'postgres') });
  await admin.connect();
  if (options.slowFlush) await configure(admin, { commit_delay: '1000', commit_siblings: '0' });
  const listeners = await Promise.all(Array.from({ length: options.idleListeners }, () => idleListener(url)));
  await rest(url, admin);
  const settings = await settingsOf(admin);

  return {
    url,
    costs: await createCostMeter(admin, database, sockets),
    settings: { ...settings, idle_listeners: options.idleListeners },
    close: async () => {
      if (options.slowFlush) await configure(admin, { commit_delay: undefined, commit_siblings: undefined });
      await Promise.all([admin, ...listeners].map((client) => client.end()));
      await server.stop();
    },
  };
};

/** Empties the tables and lets nothing of before disturb what is measured. */
const rest = async (url: string, admin: pg.Client): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('TRUNCATE tailnet_coordinators CASCADE');
  await client.query('VACUUM ANALYZE tailnet_coordinators, tailnet_peers, tailnet_tunnels');
  await client.query('CHECKPOINT');
  await client.end();
  await admin.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements').catch(() => undefined);
  await admin.query('SELECT pg_stat_statements_reset()').catch(() => undefined);
};

const embeddedServer = async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'tailnet-bench-'));
  const first = await startEmbeddedPostgres({ dataDir });
  const client = new pg.Client({ connectionString: first.url });
  await client.connect();
  await client.query(`ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`);
  await client.end();
  await first.stop();
  const server = await startEmbeddedPostgres({ dataDir });
  return {
    url: server.url,
    stop: async () => {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

const idleListener = async (url: string): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('LISTEN somebody_elses_channel');
  return client;
};

const configure = async (admin: pg.Client, settings: Readonly<Record<string, string | undefined>>): Promise<void> => {
  for (const [name, value] of Object.entries(settings)) {
    await admin.query(value === undefined ? `ALTER SYSTEM RESET ${name}` : `ALTER SYSTEM SET ${name} = ${value}`);
  }
  await admin.query('SELECT pg_reload_conf()');
};

const settingsOf = async (admin: pg.Client): Promise<Record<string, string>> => {
  const names = ['server_version', 'synchronous_commit', 'commit_delay', 'commit_siblings', 'fsync'];
  const { rows } = await admin.query<{ name: string; setting: string }>(
    'SELECT name, setting FROM pg_settings WHERE name = ANY ($1)',
    [names],
  );
  return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
};

const urlOf = (url: string, database: string): string => {
  const other = new URL(url);
  other.pathname = `/${database}`;
  return other.href;
};
