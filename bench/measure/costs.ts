import type pg from 'pg';
import { cpuOfMachine, cpuOfServer, postmasterOf } from './procStat.js';
import type { SocketBytes } from './socketBytes.js';

/** What a phase cost: the difference between two snapshots. */
export interface Cost {
  readonly wall_s: number;
  readonly cpu_process_s: number;
  /** Null when the server runs on another machine. */
  readonly cpu_pg_s: number | null;
  /** Somebody else's load: the noise indicator. */
  readonly cpu_other_s: number;
  /** Statements and rows of the benchmark's database; null without pg_stat_statements. */
  readonly statements: number | null;
  readonly rows: number | null;
  /** Flushed late, up to seconds: of no use for short phases. */
  readonly xact_commit: number;
  readonly bytes_from_pg: number;
  readonly bytes_to_pg: number;
  /** Entries in all responses that all peers read. */
  readonly peer_updates_received: number;
}

export interface CostMeter {
  /** Starts a phase; the result ends it. */
  start(): Promise<() => Promise<Cost>>;
}

export interface Metered {
  /** Connected to another database than the benchmark's, so that it does not count itself. */
  readonly client: pg.Client;
  /** The name of the benchmark's database. */
  readonly database: string;
  readonly sockets: () => SocketBytes;
  readonly received: () => number;
}

interface Counters {
  readonly statements: string | null;
  readonly rows: string | null;
  readonly xact_commit: string;
}

export const createCostMeter = async ({ client, database, sockets, received }: Metered): Promise<CostMeter> => {
  const hasStatements = await countsStatements(client);
  const query = hasStatements ? countersWithStatements : countersWithout;
  const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const postmaster = postmasterOf(rows[0]?.pid ?? 0);

  const readCounters = async () => (await client.query<Counters>(query, [database])).rows[0];
  const readClocks = () => {
    const { user, system } = process.cpuUsage();
    return {
      at: performance.now(),
      process: (user + system) / 1e6,
      server: postmaster === undefined ? undefined : cpuOfServer(postmaster),
      machine: cpuOfMachine(),
      sockets: sockets(),
      received: received(),
    };
  };

  return {
    start: async () => {
      // What a snapshot itself takes lies outside of the phase, as far as it can.
      const countedBefore = await readCounters();
      const before = readClocks();
      return async () => {
        const after = readClocks();
        const countedAfter = await readCounters();
        const counted = (name: keyof Counters): number =>
          Number(countedAfter?.[name] ?? 0) - Number(countedBefore?.[name] ?? 0);
        const cpu = after.process - before.process;
        const serverCpu = (after.server ?? 0) - (before.server ?? 0);
        return {
          wall_s: round((after.at - before.at) / 1000),
          cpu_process_s: round(cpu),
          cpu_pg_s: postmaster === undefined ? null : round(serverCpu),
          cpu_other_s: round(Math.max(0, after.machine - before.machine - cpu - serverCpu)),
          statements: hasStatements ? counted('statements') : null,
          rows: hasStatements ? counted('rows') : null,
          xact_commit: counted('xact_commit'),
          bytes_from_pg: after.sockets.read - before.sockets.read,
          bytes_to_pg: after.sockets.written - before.sockets.written,
          peer_updates_received: after.received - before.received,
        };
      };
    },
  };
};

const countersWithout = `
  SELECT NULL AS statements, NULL AS rows, xact_commit FROM pg_stat_database WHERE datname = $1`;

const countersWithStatements = `
  SELECT counted.*, (SELECT xact_commit FROM pg_stat_database WHERE datname = $1) AS xact_commit
  FROM (
    SELECT sum(calls) AS statements, sum(rows) AS rows
    FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = $1)
  ) AS counted`;

/** Says on stderr when it cannot be counted: figures that are missing must not surprise anybody. */
const countsStatements = async (client: pg.Client): Promise<boolean> => {
  try {
    await client.query('SELECT 1 FROM pg_stat_statements LIMIT 1');
    return true;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`statements and rows are null, because pg_stat_statements cannot be read: ${reason}\n`);
    return false;
  }
};

const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;
