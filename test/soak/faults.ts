import { setTimeout as delay } from 'node:timers/promises';
import type { Uuid } from '../../src/db/store.js';
import { nameOf } from '../../src/testing/index.js';
import type { Chance } from '../support/chance.js';
import type { PrivateServer } from '../support/privateServer.js';
import { query } from '../support/query.js';
import type { Cluster } from './cluster.js';
import type { Crowd } from './crowd.js';

/** What faults are done to. */
export interface Stage {
  readonly server: PrivateServer;
  readonly cluster: Cluster;
  readonly crowd: Crowd;
  readonly chance: Chance;
  readonly fail: (reason: string) => void;
}

/** Something that goes wrong. Resolves, with the particulars, when it is over and what follows from it must be repaired. */
export type Fault = (stage: Stage) => Promise<string>;

/** Of the two that may be ended. */
const someEndable = ({ chance }: Stage): number => 1 + chance.below(2);

const placeOf = ({ cluster }: Stage, index: number): string => cluster.sites[index]?.place ?? '';

/** Milliseconds between these. */
const between = (chance: Chance, least: number, most: number): number => least + chance.below(most - least + 1);

const endAndRestart =
  (signal: 'SIGTERM' | 'SIGKILL', right: number | NodeJS.Signals): Fault =>
  async (stage) => {
    const { cluster, crowd, chance, fail } = stage;
    const index = someEndable(stage);
    const place = placeOf(stage, index);
    crowd.oracle.ended(place, performance.now());
    const how = await cluster.end(index, signal);
    // A goodbye that it took while it was ending.
    crowd.oracle.ended(place, performance.now());
    if (how !== right) fail(`the ${place} coordinator ended with ${how} after ${signal}`);
    await delay(between(chance, 0, 3_000));
    await cluster.restart(index);
    return place;
  };

const freezeCoordinator: Fault = async (stage) => {
  const { cluster, chance } = stage;
  const index = chance.below(cluster.sites.length);
  const milliseconds = between(chance, 1_000, 8_000);
  cluster.sites[index]?.process.signal('SIGSTOP');
  await delay(milliseconds);
  cluster.sites[index]?.process.signal('SIGCONT');
  return `${placeOf(stage, index)}, ${milliseconds} ms`;
};

const freezeDatabase: Fault = async ({ server, chance }) => {
  const milliseconds = between(chance, 1_000, 4_000);
  server.freeze();
  await delay(milliseconds);
  server.thaw();
  return `${milliseconds} ms`;
};

const terminate =
  (applications: string): Fault =>
  async ({ server }) => {
    const ended = await query(
      server.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid() and application_name like $1`,
      [applications],
    );
    return `${ended.length} connections`;
  };

/** So often, half a second apart, is a server started whose port somebody else has taken for a moment. */
const starts = 20;

const restartDatabase =
  (mode: 'fast' | 'immediate'): Fault =>
  async ({ server, chance }) => {
    await server.stop(mode);
    await delay(between(chance, 0, 1_000));
    for (let attempt = 1; ; attempt++) {
      try {
        await server.restart();
        return attempt === 1 ? '' : `${attempt} attempts to start`;
      } catch (error) {
        if (attempt === starts) throw error;
        await delay(500);
      }
    }
  };

/** Nobody is told of it. Its binding is back when it publishes, and its tunnels when it connects anew. */
const deletePeer: Fault = async ({ server, crowd, chance }) => {
  const id = crowd.hold();
  try {
    const withTunnels = chance() < 0.5;
    crowd.oracle.rowsDeleted([id], performance.now());
    await query(server.url, 'delete from tailnet_peers where id = $1', [id]);
    if (withTunnels) await query(server.url, 'delete from tailnet_tunnels where src_id = $1', [id]);
    await delay(between(chance, 500, 2_000));
    crowd.oracle.rowsDeleted([id], performance.now());
    if (withTunnels) crowd.move(id);
    else crowd.update(id);
    return `${nameOf(id)}${withTunnels ? ', and its tunnels' : ''}`;
  } finally {
    crowd.release(id);
  }
};

const deleteCoordinator: Fault = async (stage) => {
  const { server, cluster, crowd, chance } = stage;
  const index = chance.below(cluster.sites.length);
  await removeCoordinators(server.url, crowd, [cluster.sites[index]?.coordinatorId ?? '']);
  return placeOf(stage, index);
};

/** Removes coordinators and all their rows, as somebody does by hand, or the cleanup of others after a day. */
export const removeCoordinators = async (url: string, crowd: Crowd, ids: readonly Uuid[]): Promise<void> => {
  const peers = await query<{ id: Uuid }>(
    url,
    `select id from tailnet_peers where coordinator_id = any($1)
     union select src_id from tailnet_tunnels where coordinator_id = any($1)`,
    [ids],
  );
  crowd.oracle.rowsDeleted(
    peers.map(({ id }) => id),
    performance.now(),
  );
  await query(url, 'delete from tailnet_coordinators where id = any($1)', [ids]);
};

export const faults: Readonly<Record<string, Fault>> = {
  'a coordinator is killed and started again': endAndRestart('SIGKILL', 'SIGKILL'),
  'a coordinator is told to end and started again': endAndRestart('SIGTERM', 0),
  'a coordinator stands still for 1 to 8 s': freezeCoordinator,
  'connections that listen are terminated': terminate('tailnet-coordinator listen'),
  'all connections are terminated': terminate('tailnet-coordinator%'),
  'PostgreSQL is frozen for 1 to 4 s': freezeDatabase,
  'PostgreSQL is stopped (fast) and started again': restartDatabase('fast'),
  'PostgreSQL is stopped (immediate) and started again': restartDatabase('immediate'),
  'rows of a peer are deleted by hand': deletePeer,
  'the row of a coordinator is deleted by hand': deleteCoordinator,
};
