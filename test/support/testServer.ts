import { query } from './query.js';

/** A server on which tests make databases of their own. */
export interface TestServer {
  /** Of a database on it that tests leave alone; its role may create databases and roles. */
  readonly url: string;
  stop(): Promise<void>;
}

let server: Promise<TestServer> | undefined;

/**
 * The server that all tests of this process share, started when first asked for:
 *
 * - the one at `TAILNET_TEST_DATABASE_URL`, if that is set;
 * - else one in a container, where a container engine answers;
 * - else the embedded one.
 *
 * Prints which. Rejects when none can be had, so that tests fail and are never skipped.
 */
export function testServer(): Promise<TestServer> {
  return (server ??= start());
}

/** Stops the server, if one was started. */
export async function stopTestServer(): Promise<void> {
  const started = server;
  server = undefined;
  await (await started?.catch(() => undefined))?.stop();
}

async function start(): Promise<TestServer> {
  const started = givenServer() ?? (await containerServer()) ?? (await embeddedServer());
  const [row] = await query<{ server_version: string }>(started.url, 'show server_version');
  console.log(`  tests run on PostgreSQL ${row?.server_version} (${started.kind})`);
  return started;
}

type StartedServer = TestServer & { readonly kind: string };

function givenServer(): StartedServer | undefined {
  const url = process.env['TAILNET_TEST_DATABASE_URL'];
  return url === undefined || url === ''
    ? undefined
    : { url, kind: 'TAILNET_TEST_DATABASE_URL', stop: () => Promise.resolve() };
}

async function containerServer(): Promise<StartedServer | undefined> {
  // Installing a docker program does not make an engine: only the engine's answer counts.
  const { GenericContainer, Wait, getContainerRuntimeClient } = await import('testcontainers');
  try {
    await getContainerRuntimeClient();
  } catch {
    return undefined;
  }
  try {
    const container = await new GenericContainer('postgres:18-alpine')
      .withEnvironment({ POSTGRES_PASSWORD: 'tailnet', POSTGRES_USER: 'tailnet' })
      .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=300'])
      .withExposedPorts(5432)
      // Once while the image sets itself up, and once for good.
      .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
      .start();
    const url = `postgres://tailnet:tailnet@${container.getHost()}:${container.getMappedPort(5432)}/tailnet`;
    const stop = async () => {
      await container.stop();
    };
    return { url, kind: 'container', stop };
  } catch (error) {
    console.log(`  no database in a container: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}

async function embeddedServer(): Promise<StartedServer> {
  const { startEmbeddedTestServer } = await import('./embeddedTestServer.js');
  const server = await startEmbeddedTestServer();
  return { url: server.url, kind: 'embedded', stop: () => server.close() };
}
