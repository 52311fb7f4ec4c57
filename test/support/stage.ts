import { concatMap, debounceTime, filter, firstValueFrom, lastValueFrom, merge, startWith, take, timeout } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Coordinator, Health } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { channels } from '../../src/db/bus.js';
import type { Database } from '../../src/db/database.js';
import { postgresDatabase } from '../../src/db/postgres/postgresDatabase.js';
import type { Binding, Tunnel, Uuid } from '../../src/db/store.js';
import type { CoordinatorOptions } from '../../src/options.js';
import { memoryDatabase, testPeer, type TestPeer, type TestPeerOptions } from '../../src/testing/index.js';
import { query } from './query.js';
import { migratedDatabase, type TestDatabase } from './testDatabase.js';

/** One test's coordinators over one database, and the peers connected to them. All of it ends with the stage. */
export interface Stage extends AsyncDisposable {
  /** The database under the coordinators: to look at, and to play another coordinator with. */
  readonly database: Database;
  /** The URL of the database, where it is PostgreSQL. */
  readonly url: string | undefined;
  /** Starts a coordinator of this database. Peers may connect at once. */
  coordinator(options?: Omit<CoordinatorOptions, 'database'>): Coordinator;
  peer(coordinator: Coordinator, id: Uuid, options?: TestPeerOptions): TestPeer;
  /** Waits until the bindings of a peer are as they should be; looks again at every notification. */
  eventuallyBindings(peerId: Uuid, holds: (bindings: readonly Binding[]) => boolean): Promise<void>;
  /** Waits until a coordinator holds exactly these tunnels. */
  eventuallyTunnels(coordinator: Coordinator, tunnels: readonly Tunnel[]): Promise<void>;
  /** Waits until exactly these peers share a tunnel with this one. */
  eventuallyNeighbours(peerId: Uuid, neighbours: readonly Uuid[]): Promise<void>;
}

/** Where a stage can stand. */
export interface Backend {
  readonly name: string;
  readonly open: () => Promise<Stage>;
}

const patience = 15_000;

export const onMemory: Backend = {
  name: 'memory',
  open: () => {
    const database = memoryDatabase();
    return Promise.resolve(stageOn(database, undefined, (options) => createCoordinator({ ...options, database })));
  },
};

/** A database of the stage alone. */
export const onPostgres: Backend = {
  name: 'PostgreSQL',
  open: async () => {
    const alone = await migratedDatabase();
    return stageOnUrl(alone.url, () => alone.drop());
  },
};

const stageOnUrl = (url: string, strike: () => Promise<unknown>): Stage => {
  const database = postgresDatabase(url);
  const create: CreateCoordinator = (options) => createCoordinator({ ...options, database: url });
  return stageOn(database, url, create, async () => {
    await lastValueFrom(database.close(), { defaultValue: undefined });
    await strike();
  });
};

/** The same tests on memory, and on a PostgreSQL database that is emptied after each stage. */
export const onEveryBackend = (title: string, tests: (open: Backend['open']) => void): void => {
  describe(`${title}, on ${onMemory.name}`, () => {
    tests(onMemory.open);
  });
  describe(`${title}, on ${onPostgres.name}`, () => {
    let shared: TestDatabase;
    before(async () => (shared = await migratedDatabase()));
    after(() => shared.drop());
    tests(() =>
      Promise.resolve(stageOnUrl(shared.url, () => query(shared.url, 'truncate tailnet_coordinators cascade'))),
    );
  });
};

type CreateCoordinator = (options?: Omit<CoordinatorOptions, 'database'>) => Coordinator;

const stageOn = (
  database: Database,
  url: string | undefined,
  create: CreateCoordinator,
  strike: () => Promise<unknown> = () => Promise.resolve(),
): Stage => {
  const coordinators: Coordinator[] = [];
  const peers: TestPeer[] = [];
  const { store, bus } = database;

  const eventually = async <T>(what: string, read$: Observable<T>, holds: (value: T) => boolean): Promise<void> => {
    let last: T | undefined;
    const looks$ = merge(bus.listen$(channels.peer), bus.listen$(channels.tunnel)).pipe(
      startWith(undefined),
      debounceTime(5),
      concatMap(() => read$),
      filter((value) => {
        last = value;
        return holds(value);
      }),
      timeout({ first: patience }),
    );
    await firstValueFrom(looks$).catch((cause: unknown) => {
      throw new Error(`${what} did not become what they should be; last seen: ${inWords(last)}`, { cause });
    });
  };

  return {
    database,
    url,
    coordinator: (options) => {
      const coordinator = create(options);
      coordinators.push(coordinator);
      return coordinator;
    },
    peer: (coordinator, id, options) => {
      const peer = testPeer(coordinator, id, { timeout: patience, ...options });
      peers.push(peer);
      return peer;
    },
    eventuallyBindings: (peerId, holds) => eventually(`the bindings of ${peerId}`, store.readBindings([peerId]), holds),
    eventuallyTunnels: ({ id }, tunnels) =>
      eventually(`the tunnels of ${id}`, store.readOwnTunnels(id, undefined, 1000), (rows) => {
        return rows.map(inArrows).join() === tunnels.map(inArrows).sort().join();
      }),
    eventuallyNeighbours: (peerId, neighbours) =>
      eventually(`the neighbours of ${peerId}`, store.readNeighbours([peerId]), (rows) => {
        const found = rows.flatMap(({ neighbourIds }) => neighbourIds).sort();
        return found.join() === [...neighbours].sort().join();
      }),
    [Symbol.asyncDispose]: async () => {
      for (const peer of peers) peer.drop();
      await Promise.all(coordinators.map((coordinator) => coordinator.close()));
      await strike();
    },
  };
};

const inArrows = ({ src, dst }: Tunnel): string => `${src} -> ${dst}`;

const inWords = (value: unknown): string =>
  value === undefined ? 'nothing' : JSON.stringify(value, (key, field: unknown) => (key === 'node' ? '…' : field));

/** Waits until a coordinator is in this state. */
export const eventuallyHealth = async (coordinator: Coordinator, wanted: Health): Promise<void> => {
  await firstValueFrom(
    coordinator.health$.pipe(
      filter((health) => health === wanted),
      take(1),
      timeout({ first: patience }),
    ),
  );
};

/** Waits until a coordinator counts exactly these as live. */
export const eventuallyLive = async (coordinator: Coordinator, ...ids: readonly Uuid[]): Promise<void> => {
  const wanted = [...ids].sort().join();
  await firstValueFrom(
    coordinator.coordinators$.pipe(
      filter((live) => live.join() === wanted),
      timeout({ first: patience }),
    ),
  );
};

/** Whether there is at least one binding, and all of them have this status. */
export const allAre =
  (status: Binding['status']) =>
  (bindings: readonly Binding[]): boolean =>
    bindings.length > 0 && bindings.every((binding) => binding.status === status);

export const areGone = (bindings: readonly Binding[]): boolean => bindings.length === 0;
