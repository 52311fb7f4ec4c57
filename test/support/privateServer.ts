import { spawnSync } from 'node:child_process';
import { renameSync, rmSync } from 'node:fs';
import { clusterData } from '../../src/cli/embeddedPostgres/cluster.js';
import { startEmbeddedTestServer } from './embeddedTestServer.js';

/** A server of one test alone, to be mistreated. Always an embedded one, whatever the other tests run on. */
export interface PrivateServer extends AsyncDisposable {
  /** Of an empty database; stays the same over restarts. */
  readonly url: string;
  /** Resolves once the server is down. `fast` breaks connections in good order, `immediate` like a crash. Default fast. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** SIGKILL, as by the out-of-memory killer. Resolves once the server is down. */
  kill(): Promise<void>;
  /** Stops all its processes in their tracks: connections stay open, and nothing answers. */
  freeze(): void;
  /** Ends `freeze()`. */
  thaw(): void;
  /** Keeps a copy of the data. The server must be down. */
  saveData(): void;
  /** Puts the copy in the place of the data, at once, and has no copy any more. The server must be down. */
  restoreData(): void;
  /** Starts it again on the same port with the same data, after stopping it if it runs. */
  restart(): Promise<void>;
  /** Stops it and removes its data. Needed at the end of each test; `await using` does it. */
  close(): Promise<void>;
}

/** Starts a server; about 0.6 s. */
export async function privateServer(): Promise<PrivateServer> {
  const server = await startEmbeddedTestServer();
  const data = clusterData(server.dataDir);
  const saved = `${data}.saved`;
  const signalAll = (signal: NodeJS.Signals) => {
    const { pid } = server.current();
    for (const target of [pid, ...childrenOf(pid)]) {
      try {
        process.kill(target, signal);
      } catch {
        // A backend that has just ended.
      }
    }
  };
  const end = async (signal: NodeJS.Signals) => {
    process.kill(server.current().pid, signal);
    await server.current().ended;
    // Nothing is left to stop; this gives the data directory free.
    await server.current().stop();
  };
  const close = async () => {
    signalAll('SIGCONT');
    await server.close();
  };
  return {
    url: server.url,
    stop: (mode = 'fast') => end(mode === 'fast' ? 'SIGINT' : 'SIGQUIT'),
    kill: () => end('SIGKILL'),
    freeze: () => signalAll('SIGSTOP'),
    thaw: () => signalAll('SIGCONT'),
    saveData: () => copyDirectory(data, saved),
    restoreData: () => {
      renameSync(data, `${data}.replaced`);
      renameSync(saved, data);
    },
    restart: async () => {
      signalAll('SIGCONT');
      await server.current().stop();
      await server.start();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** With owners and rights, about which PostgreSQL is particular. */
function copyDirectory(from: string, to: string): void {
  rmSync(to, { recursive: true, force: true });
  const { status, stderr } = spawnSync('cp', ['-Rp', from, to], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`cannot copy ${from}: ${stderr}`);
}

function childrenOf(pid: number): number[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [child, parent] = line.trim().split(/\s+/).map(Number);
    return parent === pid && child !== undefined ? [child] : [];
  });
}
