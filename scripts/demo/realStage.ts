import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { startEmbeddedPostgres } from '../../src/cli/embeddedPostgres/startEmbeddedPostgres.js';
import { connect$ } from './connect.js';
import type { CoordinatorName } from './mesh.js';
import type { Stage } from './stage.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A coordinator in a process of its own. */
interface Coordinator {
  /** Where peers connect to. */
  readonly url: string;
  end(signal: NodeJS.Signals): Promise<unknown>;
}

/** A real stage: PostgreSQL, and two coordinators as processes. What it keeps in files is gone with it. */
export async function realStage(isLive: (name: CoordinatorName) => void): Promise<Stage> {
  const directory = mkdtempSync(join(tmpdir(), 'tailnet-mesh-'));
  // Started by root, PostgreSQL runs as somebody else.
  chmodSync(directory, 0o711);
  const undo = [() => rmSync(directory, { recursive: true, force: true, maxRetries: 10 })] as (() => unknown)[];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const postgres = await startEmbeddedPostgres({ dataDir: directory, durable: false });
    undo.push(() => postgres.stop());
    const start = async (name: CoordinatorName): Promise<Coordinator> => {
      const coordinator = startCoordinator(postgres.url);
      undo.push(() => coordinator.end('SIGKILL'));
      const started = { ...coordinator, url: await coordinator.url };
      isLive(name);
      return started;
    };
    const [north, south] = await Promise.all([start('north'), start('south')]);
    const coordinators = { north, south };
    return {
      second: 1000,
      connect$: (at, id, requests$) => connect$(coordinators[at].url, id, requests$),
      killNorth: () => void north.end('SIGKILL'),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function startCoordinator(databaseUrl: string): Omit<Coordinator, 'url'> & { readonly url: Promise<string> } {
  const command = ['--import', 'tsx', 'src/cli/main.ts', 'serve', '--port', '0', '--grpc-port', '0'];
  const child = spawn(process.execPath, command, {
    cwd: root,
    // Ctrl-C is for the demo, which ends them in its own time.
    detached: true,
    env: { ...withoutOurs(process.env), TAILNET_DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const url = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      const { msg, http } = JSON.parse(line) as { readonly msg: string; readonly http?: string };
      if (msg === 'listening' && http !== undefined) resolve(`${http.replace('http', 'ws')}/api/v2/coordinate`);
    });
    ended.then(([code]) => reject(new Error(`a coordinator ended while it started: ${String(code)}`)), reject);
  });
  return {
    url,
    end: (signal) => {
      child.kill(signal);
      return ended;
    },
  };
}

/** An environment in which no option of a coordinator is set. */
function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^(TAILNET_|DATABASE_URL$|OTEL_)/.test(name)),
  );
}
