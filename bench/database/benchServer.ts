import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from './connect.js';

/** A PostgreSQL server to measure on. */
export interface BenchServer {
  /** Of the benchmark's database. */
  readonly url: string;
  stop(): Promise<void>;
}

/** The server at this URL; without one, the embedded server with its default settings in a temporary directory. */
export const benchServer = async (url: string | undefined): Promise<BenchServer> => {
  if (url !== undefined) return { url, stop: () => Promise.resolve() };
  // Not part of the package's interface, and not needed with a URL.
  const { startEmbeddedPostgres } = await import('../../dist/cli/embeddedPostgres/startEmbeddedPostgres.js');
  const dataDir = mkdtempSync(join(tmpdir(), 'tailnet-bench-'));
  // The directory is private, but root runs the server as another user.
  chmodSync(dataDir, 0o711);
  try {
    const first = await startEmbeddedPostgres({ dataDir });
    const client = await connect(first.url);
    await client.query(`ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'`);
    await client.end();
    await first.stop();
    const server = await startEmbeddedPostgres({ dataDir });
    return {
      url: server.url,
      stop: async () => {
        await server.stop();
        rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
      },
    };
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
    throw error;
  }
};
