import type pg from 'pg';
import { migrate } from 'tailnet-coordinator';
import { type CostMeter, createCostMeter } from '../measure/costs.js';
import { watchSockets } from '../measure/socketBytes.js';
import { connect, databaseOf, urlOfDatabase } from './connect.js';
import { slowFlush } from './slowFlush.js';

export interface BenchDatabaseOptions {
  readonly url: string;
  /** `commit_delay=1000, commit_siblings=0`: as if a flush took a millisecond. */
  readonly slowFlush: boolean;
  /** Foreign connections that LISTEN to something else, which every notifying commit must wake. */
  readonly idleListeners: number;
  /** Entries in all responses that the peers of this process read so far. */
  readonly received: () => number;
}

/** A database that is empty and at rest, and what measures it. */
export interface BenchDatabase {
  readonly url: string;
  readonly costs: CostMeter;
  /** What stands in `params` of every result. */
  readonly settings: Readonly<Record<string, string | number>>;
  /** Puts back what was set, and closes its connections. May be called more than once. */
  close(): Promise<void>;
}

export const openBenchDatabase = async (options: BenchDatabaseOptions): Promise<BenchDatabase> => {
  const { url, received } = options;
  await migrate(url);
  const admin = await connect(urlOfDatabase(url, 'postgres'));
  const clients = [admin];
  let restore = (): Promise<void> => Promise.resolve();
  const close = async () => {
    await restore();
    await Promise.all(clients.map((client) => client.end()));
  };
  try {
    if (options.slowFlush) restore = await slowFlush(admin);
    for (let index = 0; index < options.idleListeners; index++) {
      const listener = await connect(url);
      clients.push(listener);
      await listener.query('LISTEN somebody_elses_channel');
    }
    const settings = await comeToRest(url, admin);
    const sockets = watchSockets(Number(new URL(url).port || 5432));
    const costs = await createCostMeter({ client: admin, database: databaseOf(url), sockets, received });
    let closing: Promise<void> | undefined;
    return {
      url,
      costs,
      settings: { ...settings, idle_listeners: options.idleListeners },
      close: () => (closing ??= close()),
    };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Empties the tables and lets nothing of before disturb what is measured. Returns the settings of a session there. */
const comeToRest = async (url: string, admin: pg.Client): Promise<Record<string, string | number>> => {
  const client = await connect(url);
  const settings = await settingsOf(client);
  await client.query('TRUNCATE tailnet_coordinators CASCADE');
  await client.query('VACUUM ANALYZE tailnet_coordinators, tailnet_peers, tailnet_tunnels');
  await client.query('CHECKPOINT').catch((error: unknown) => {
    process.stderr.write(`no checkpoint before the start: ${error instanceof Error ? error.message : String(error)}\n`);
  });
  await client.end();
  // A server without it is told of when costs are counted.
  await admin.query('CREATE EXTENSION IF NOT EXISTS pg_stat_statements').catch(() => undefined);
  await admin.query(resetStatements, [databaseOf(url)]).catch(() => undefined);
  return settings;
};

/** Of this database only: others may be counting in theirs. */
const resetStatements = 'SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = $1';

const shown = ['server_version', 'synchronous_commit', 'commit_delay', 'commit_siblings', 'fsync'];

const settingsOf = async (client: pg.Client): Promise<Record<string, string | number>> => {
  const { rows } = await client.query<{ name: string; setting: string; vartype: string }>(
    'SELECT name, setting, vartype FROM pg_settings WHERE name = ANY ($1)',
    [shown],
  );
  const values = rows.map(({ name, setting, vartype }) => [name, vartype === 'integer' ? Number(setting) : setting]);
  return Object.fromEntries(values) as Record<string, string | number>;
};
