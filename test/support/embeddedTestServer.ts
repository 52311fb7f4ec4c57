import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/cli/embeddedPostgres/startEmbeddedPostgres.js';
import { quietPort } from './quietPort.js';

/** An embedded server in a temporary directory, fast and not durable. */
export interface EmbeddedTestServer {
  /** Of the database `tailnet`; the same after a restart. */
  readonly url: string;
  readonly dataDir: string;
  /** The running server; changes with a restart. */
  current(): EmbeddedPostgres;
  /** Starts the stopped server on the same port and data. */
  start(): Promise<void>;
  /** Stops the server and removes its data. */
  close(): Promise<void>;
}

export async function startEmbeddedTestServer(): Promise<EmbeddedTestServer> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tailnet-test-'));
  // mkdtemp makes it private, but root runs the server as another user.
  chmodSync(dataDir, 0o711);
  let current: EmbeddedPostgres;
  try {
    current = await startEmbeddedPostgres({ dataDir, durable: false, port: await quietPort() });
  } catch (error) {
    rmSync(dataDir, { recursive: true, force: true });
    throw error;
  }
  const { url, port } = current;
  return {
    url,
    dataDir,
    current: () => current,
    start: async () => {
      current = await startEmbeddedPostgres({ dataDir, durable: false, port });
    },
    close: async () => {
      await current.stop();
      rmSync(dataDir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
