import type pg from 'pg';
import { cpuOfMachine, cpuOfServer } from './procStat.js';
import type { SocketBytes } from './socketBytes.js';

/** What a phase cost: the difference between two snapshots. */
export interface Cost {
  readonly wall_s: number;
  readonly cpu_process_s: number;
  readonly cpu_pg_s: number;
  /** Somebody else's load: the noise indicator. */
  readonly cpu_other_s: number;
  /** Statements and rows of the benchmark's database; null without pg_stat_statements. */
  readonly statements: number | null;
  readonly rows: number | null;
  readonly xact_commit: number;
  readonly bytes_from_pg: number;
  readonly bytes_to_pg: number;
}

export interface CostMeter {
  /** Starts a phase; the result ends it. */
  start(): Promise<() => Promise<Cost>>;
}

interface Counters {
  readonly statements: string | null;
  readonly rows: string | null;
  readonly xact_commit: string;
}

/** @param client connected to another database than the benchmark's, so that it does not count itself */
export const createCostMeter = async (
  client: pg.Client,
  database: string,
  sockets: () => SocketBytes,
): Promise<CostMeter> => {
  const hasStatements = await client
    .query(`SELECT 1 FROM pg_stat_statements LIMIT 1`)
    .then(() => true)
    .catch(() => false);
  const statements = hasStatements
    ? `(SELECT sum(calls) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1) AS statements,
       (SELECT sum(rows) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1) AS rows`
    : 'NULL AS statements, NULL AS rows';
  const query = `SELECT ${statements}, (SELECT xact_commit FROM pg_stat_database WHERE datname = $1) AS xact_commit`;
  const postmaster = await parentOf(client);

  const snapshot = async () => {
    const { rows } = await client.query<Counters>(query, [database]);
    const { user, system } = process.cpuUsage();
    return {
      at: performance.now() / 1000,
      process: (user + system) / 1e6,
      server: cpuOfServer(postmaster),
      machine: cpuOfMachine(),
      sockets: sockets(),
      counters: rows[0],
    };
  };

  return {
    start: async () => {
      const before = await snapshot();
      const started = performance.now() / 1000;
      return async () => {
        const wall = performance.now() / 1000 - started;
        const after = await snapshot();
        const counted = (name: keyof Counters): number =>
          Number(after.counters?.[name] ?? 0) - Number(before.counters?.[name] ?? 0);
        const process = after.process - before.process;
        const server = after.server - before.server;
        return {
          wall_s: round(wall),
          cpu_process_s: round(process),
          cpu_pg_s: round(server),
          cpu_other_s: round(Math.max(0, after.machine - before.machine - process - server)),
          statements: hasStatements ? counted('statements') : null,
          rows: hasStatements ? counted('rows') : null,
          xact_commit: counted('xact_commit'),
          bytes_from_pg: after.sockets.read - before.sockets.read,
          bytes_to_pg: after.sockets.written - before.sockets.written,
        };
      };
    },
  };
};

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** The server process: the parent of the one that serves this client. Zero (nothing is counted) if it runs elsewhere. */
const parentOf = async (client: pg.Client): Promise<number> => {
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const { readFileSync } = await import('node:fs');
  try {
    const stat = readFileSync(`/proc/${rows[0]?.pid ?? 0}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
};
