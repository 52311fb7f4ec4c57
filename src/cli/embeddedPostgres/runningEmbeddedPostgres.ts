import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { clusterData, clusterUrl, readPassword } from './cluster.js';
import { ownerOf } from './directoryLock.js';

/**
 * The URL of the embedded server that a live process runs on this data directory, if there is one. May be stale by the
 * time it is used.
 */
export function runningEmbeddedPostgres(dataDir: string): string | undefined {
  if (ownerOf(dataDir) === undefined) return undefined;
  try {
    // The server's id, data directory, start time, port, socket directory, address, memory and status: one a line.
    const lines = readFileSync(join(clusterData(dataDir), 'postmaster.pid'), 'utf8').split('\n');
    const port = Number(lines[3]);
    return lines[7]?.trim() === 'ready' ? clusterUrl(readPassword(dataDir), port) : undefined;
  } catch {
    return undefined;
  }
}
