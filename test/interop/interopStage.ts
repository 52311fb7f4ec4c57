import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { migrate } from '../../src/db/migrate.js';
import type { Uuid } from '../../src/db/store.js';
import type { CoordinatorOptions } from '../../src/options.js';
import { testPeer, type TestPeer } from '../../src/testing/index.js';
import { query } from '../support/query.js';
import { testDatabase, type TestDatabase } from '../support/testDatabase.js';
import type { Generation } from './generations.js';
import { ReferenceCoordinator, type ReferenceOptions } from './referenceCoordinator.js';
import { referenceTables } from './referenceTables.js';

/** Coordinators of both kinds on a database of coder/coder. All of them end with the stage. */
export interface InteropStage extends AsyncDisposable {
  readonly url: string;
  /** One of ours. Peers may connect at once. */
  ours(options?: Partial<CoordinatorOptions>): Coordinator;
  /** One of theirs, which has beaten. */
  theirs(options?: ReferenceOptions): Promise<ReferenceCoordinator>;
  /** A peer connected to one of ours. */
  peer(coordinator: Coordinator, id: Uuid): TestPeer;
}

/**
 * A database with the tables as that generation has them, adopted.
 *
 * @param timeZone of sessions that do not ask for another. Default: that of the server
 */
export const interopDatabase = async (generation: Generation, timeZone?: string): Promise<TestDatabase> => {
  const database = await testDatabase();
  const { url } = database;
  await query(url, referenceTables(generation));
  if (timeZone !== undefined) {
    await query(url, `alter database ${new URL(url).pathname.slice(1)} set timezone to '${timeZone}'`);
  }
  await migrate(url);
  return database;
};

/** Coordinators of both kinds on such a database, which is empty again afterwards. */
export const interopStage = (url: string, generation: Generation): InteropStage => {
  const all: ReferenceCoordinator[] = [];
  const own: Coordinator[] = [];
  const peers: TestPeer[] = [];
  return {
    url,
    ours: (options) => {
      const coordinator = createCoordinator({ database: url, ...options });
      own.push(coordinator);
      return coordinator;
    },
    theirs: async (options) => {
      const reference = await ReferenceCoordinator.start(url, generation, options);
      all.push(reference);
      return reference;
    },
    peer: (coordinator, id) => {
      const peer = testPeer(coordinator, id, { timeout: 15_000 });
      peers.push(peer);
      return peer;
    },
    [Symbol.asyncDispose]: async () => {
      for (const peer of peers) peer.drop();
      await Promise.all(own.map((coordinator) => coordinator.close()));
      await Promise.all(all.map((reference) => reference.crash()));
      await query(url, 'truncate tailnet_coordinators cascade');
      const complaints = all.flatMap((reference) => reference.complaints);
      if (complaints.length > 0) throw new Error(`the reference complained:\n${complaints.join('\n')}`);
    },
  };
};
