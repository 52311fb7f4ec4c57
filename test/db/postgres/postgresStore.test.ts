import { expect } from 'chai';
import { Client } from 'pg';
import { migrate } from '../../../src/db/migrate.js';
import { channels } from '../../../src/db/bus.js';
import { StoreError, type BindingWrite, type Store, type Tunnel, type Writer } from '../../../src/db/store.js';
import { openPools } from '../../../src/db/postgres/openPools.js';
import { pgListenBus } from '../../../src/db/postgres/pgListenBus.js';
import { postgresStore } from '../../../src/db/postgres/postgresStore.js';
import { hear } from '../../../src/testing/contracts/hear.js';
import { lastOf } from '../../../src/testing/contracts/lastOf.js';
import { storeContract } from '../../../src/testing/contracts/storeContract.js';
import { privateServer } from '../../support/privateServer.js';
import { query } from '../../support/query.js';
import { migratedDatabase, testDatabase, type TestDatabase } from '../../support/testDatabase.js';

type PostgresStore = ReturnType<typeof postgresStore>;

describe('postgresStore', () => {
  let database: TestDatabase;
  let here: Writer;
  let there: Writer;
  let alice: string;
  let bob: string;
  let opened: PostgresStore[];

  beforeEach(async () => {
    opened = [];
    database = await migratedDatabase();
    here = { coordinatorId: crypto.randomUUID(), expiry: 3_600_000 };
    there = { coordinatorId: crypto.randomUUID(), expiry: 3_600_000 };
    alice = crypto.randomUUID();
    bob = crypto.randomUUID();
  });
  afterEach(async () => {
    for (const store of opened) await lastOf(store.close());
    await database.drop();
  });

  const open = (...config: Parameters<typeof postgresStore>): PostgresStore => {
    const store = postgresStore(...config);
    opened.push(store);
    return store;
  };
  const failure = async (work: Promise<unknown>): Promise<StoreError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(StoreError);
    return error as StoreError;
  };
  const nodes = (ids: readonly string[]): BindingWrite[] =>
    ids.map((peerId) => ({ kind: 'node', peerId, node: new Uint8Array(100) }));
  const killAll = () =>
    query(
      database.url,
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name like 'tailnet-coordinator%'`,
    );

  it('connects only when it is used', async () => {
    const store = open('postgres://nobody@127.0.0.1:1/nothing');
    const error = await failure(lastOf(store.readBindings([alice])));
    expect(error.reason).to.equal('unavailable');
    expect(error.message).to.contain('ECONNREFUSED');
  });

  it('keeps times exact to the microsecond', async () => {
    const store = open(database.url);
    await lastOf(store.heartbeat(here.coordinatorId));
    for (const micros of [0, 1, 1_795_416_216_428_297, 1_795_416_216_999_999, 8_999_999_999_999_999]) {
      await query(
        database.url,
        `insert into tailnet_peers values ($1, $2, timestamptz 'epoch' + $3::bigint * interval '1 microsecond', '', 'ok')
         on conflict (id, coordinator_id) do update set updated_at = excluded.updated_at`,
        [alice, here.coordinatorId, micros],
      );
      expect((await lastOf(store.readBindings([alice])))?.[0]?.updatedAt).to.equal(micros);
      const [own] = (await lastOf(store.readOwnBindings(here.coordinatorId))) ?? [];
      expect(own?.updatedAt).to.equal(micros);
    }
  });

  it('answers a write with the very time that is read, however the sessions of the database are set up', async () => {
    const name = new URL(database.url).pathname.slice(1);
    for (const setting of ['extra_float_digits = 0', 'standard_conforming_strings = off', `bytea_output = 'escape'`]) {
      await query(database.url, `alter database ${name} set ${setting}`);
      const store = open(database.url);
      await lastOf(store.heartbeat(here.coordinatorId));
      // Of any time, a tenth is the same without its last digit.
      for (let time = 0; time < 10; time++) {
        const written = await lastOf(store.writeBindings(here, nodes([alice])));
        const [read] = (await lastOf(store.readBindings([alice]))) ?? [];
        const [own] = (await lastOf(store.readOwnBindings(here.coordinatorId))) ?? [];
        expect({ read: read?.updatedAt, own: own?.updatedAt, ...own }, setting).to.deep.equal({
          ...{ read: written?.at, own: written?.at, updatedAt: written?.at },
          ...{ peerId: alice, status: 'ok' },
        });
      }
    }
  });

  it('reads own tunnels in their order, page by page, also where no index gives it', async () => {
    const name = new URL(database.url).pathname.slice(1);
    for (const scan of ['indexscan', 'indexonlyscan', 'bitmapscan']) {
      await query(database.url, `alter database ${name} set enable_${scan} = off`);
    }
    const store = open({ connectionString: database.url, options: '-c enable_seqscan=on' });
    await lastOf(store.heartbeat(here.coordinatorId));
    const ids = Array.from({ length: 30 }, () => crypto.randomUUID());
    // One by one: a batch is written in order.
    for (const src of ids) await lastOf(store.writeTunnels(here, { add: [{ src, dst: bob }], remove: [], clear: [] }));
    const tunnels: Tunnel[] = [];
    for (let page = 0; page < 3; page++) {
      tunnels.push(...((await lastOf(store.readOwnTunnels(here.coordinatorId, tunnels.at(-1), 10))) ?? []));
    }
    expect(tunnels.map(({ src }) => src)).to.deep.equal(ids.sort());
  });

  it('reads large nodes and small ones, in one batch, each as it was written', async () => {
    const store = open(database.url);
    await lastOf(store.heartbeat(here.coordinatorId));
    const writes = [100, 8192, 8193, 300_000, 0].map((length, index) => ({
      ...{ kind: 'node' as const, peerId: `00000000-0000-4000-8000-00000000000${String(index)}` },
      node: new Uint8Array(length).fill(index + 1),
    }));
    await lastOf(store.writeBindings(here, writes));
    const rows = (await lastOf(store.readBindings(writes.map(({ peerId }) => peerId)))) ?? [];
    const found = new Map(rows.map(({ peerId, node }) => [peerId, Buffer.from(node)]));
    for (const { peerId, node } of writes) expect(found.get(peerId)?.equals(node), peerId).to.equal(true);
    expect(rows).to.have.lengthOf(writes.length);
  });

  it('does not read the rows of many large nodes as one value, which could be longer than a text may be', async () => {
    const store = open(database.url);
    await lastOf(store.heartbeat(here.coordinatorId));
    const ids = Array.from(
      { length: 20 },
      (_, index) => `00000000-0000-4000-8000-0000000001${String(index).padStart(2, '0')}`,
    );
    await lastOf(
      store.writeBindings(
        here,
        ids.map((peerId) => ({ kind: 'node', peerId, node: new Uint8Array(20_000) })),
      ),
    );
    const rows = (await lastOf(store.readBindings(ids))) ?? [];
    expect(new Set(rows.map(({ node }) => node.buffer)).size).to.equal(20);
  });

  it('refuses a batch with an id that is none, and says why', async () => {
    const store = open(database.url);
    await lastOf(store.heartbeat(here.coordinatorId));
    const error = await failure(lastOf(store.writeBindings(here, nodes([alice, 'not a uuid']))));
    expect(error.reason).to.equal('refused');
    expect(error.message).to.equal('invalid input syntax for type uuid: "not a uuid" (22P02)');
    expect(await lastOf(store.readBindings([alice]))).to.deep.equal([]);
  });

  it('says what to do when the tables are missing', async () => {
    const empty = await testDatabase();
    const store = postgresStore(empty.url);
    try {
      const error = await failure(lastOf(store.heartbeat(here.coordinatorId)));
      expect(error.reason).to.equal('unavailable');
      expect(error.message).to.contain('run `tailnet-coordinator migrate`');
    } finally {
      await lastOf(store.close());
      await empty.drop();
    }
  });

  it('gives up a statement that takes too long, and goes on', async () => {
    const store = open(database.url, { statementTimeout: 100 });
    await lastOf(store.heartbeat(here.coordinatorId));
    await lastOf(store.writeBindings(here, nodes([alice])));
    const other = new Client({ connectionString: database.url });
    await other.connect();
    try {
      await other.query('begin');
      await other.query('select from tailnet_peers for update');
      const error = await failure(lastOf(store.writeBindings(here, nodes([alice]))));
      expect(error.reason).to.equal('unavailable');
      expect(error.message).to.contain('57014');
      await other.query('rollback');
    } finally {
      await other.end();
    }
    await lastOf(store.writeBindings(here, nodes([alice])));
  });

  it('beats although every other connection is taken by a statement that hangs', async () => {
    const store = open({ connectionString: database.url, max: 1 });
    await lastOf(store.heartbeat(here.coordinatorId));
    await lastOf(store.writeBindings(here, nodes([alice])));
    const other = new Client({ connectionString: database.url });
    await other.connect();
    try {
      await other.query('begin');
      await other.query('select from tailnet_peers for update');
      const hanging = lastOf(store.writeBindings(here, nodes([alice])));
      expect(await lastOf(store.heartbeat(here.coordinatorId))).to.deep.include({ created: false });
      await other.query('rollback');
      await hanging;
    } finally {
      await other.end();
    }
  });

  it('beats although bindings and tunnels are locked, time after time, and says nothing against what it cannot see', async () => {
    const store = open(database.url);
    expect(await lastOf(store.heartbeat(here.coordinatorId))).to.deep.include({
      hasBindings: false,
      hasTunnels: false,
    });
    const other = new Client({ connectionString: database.url });
    await other.connect();
    try {
      await other.query('begin');
      await other.query('lock table tailnet_peers, tailnet_tunnels');
      for (let beats = 0; beats < 2; beats++) {
        const result = await lastOf(store.heartbeat(here.coordinatorId));
        expect(result).to.deep.equal({ created: false, hasBindings: true, hasTunnels: true });
      }
      await other.query('rollback');
      expect(await lastOf(store.heartbeat(here.coordinatorId))).to.deep.include({
        hasBindings: false,
        hasTunnels: false,
      });
    } finally {
      await other.end();
    }
  });

  it('may be left while a statement runs: the statement takes effect, and nothing is thrown', async () => {
    const store = open(database.url);
    await lastOf(store.heartbeat(here.coordinatorId));
    store
      .writeBindings(here, nodes([alice]))
      .subscribe()
      .unsubscribe();
    store
      .writeBindings(here, nodes(['not a uuid']))
      .subscribe()
      .unsubscribe();
    while (((await lastOf(store.readBindings([alice]))) ?? []).length === 0);
  });

  it('works on after all its connections were killed', async () => {
    const store = open(database.url);
    await lastOf(store.heartbeat(here.coordinatorId));
    const ids = Array.from({ length: 20 }, () => crypto.randomUUID());
    for (let round = 0; round < 5; round++) {
      await Promise.all(ids.map((id) => lastOf(store.writeBindings(here, nodes([id])))));
      await killAll();
      for (const call of [
        () => lastOf(store.heartbeat(here.coordinatorId)),
        () => lastOf(store.writeBindings(here, nodes(ids))),
      ]) {
        // A call may still get a connection that is dead and not noticed; each such call uses one up.
        for (let attempt = 0; ; attempt++) {
          const error = await call().then(
            () => undefined,
            (reason: unknown) => reason,
          );
          if (error === undefined) break;
          expect(error).to.be.instanceOf(StoreError);
          expect((error as StoreError).reason).to.equal('unavailable');
          expect(attempt).to.be.lessThan(11);
        }
      }
    }
  });

  it('leaves all connections to a server that has become read-only when the first write fails there', async () => {
    const store = open(database.url);
    await lastOf(store.heartbeat(here.coordinatorId));
    const setReadOnly = (how: string) =>
      query(
        database.url,
        `set transaction_read_only = off;
         do $$ begin execute format('alter database %I ${how}', current_database()); end $$`,
      );
    await setReadOnly('set default_transaction_read_only = on');
    // Reads find nothing wrong with them, and so they are kept.
    await Promise.all(Array.from({ length: 5 }, () => lastOf(store.readBindings([alice]))));
    await setReadOnly('reset default_transaction_read_only');
    const error = await failure(lastOf(store.writeBindings(here, nodes([alice]))));
    expect(error.reason).to.equal('unavailable');
    expect(error.message).to.contain('(25006)');
    await lastOf(store.writeBindings(here, nodes([alice])));
    expect(await lastOf(store.readBindings([alice]))).to.have.length(1);
  });

  it('is unavailable while the server is frozen, and works on once it is thawed', async () => {
    await using server = await privateServer();
    await migrate(server.url);
    const store = postgresStore(server.url, { statementTimeout: 100, heartbeatTimeout: 100 });
    try {
      await lastOf(store.heartbeat(here.coordinatorId));
      await lastOf(store.readBindings([alice]));
      server.freeze();
      const failed = await Promise.all([
        failure(lastOf(store.heartbeat(here.coordinatorId))),
        failure(lastOf(store.readBindings([alice]))),
      ]);
      expect(failed.map(({ reason }) => reason)).to.deep.equal(['unavailable', 'unavailable']);
      server.thaw();
      expect(await lastOf(store.heartbeat(here.coordinatorId))).to.deep.include({ created: false });
      expect(await lastOf(store.readBindings([alice]))).to.deep.equal([]);
    } finally {
      await lastOf(store.close());
    }
  });

  it('means the same times in a database whose time zone is not UTC', async () => {
    const name = new URL(database.url).pathname.slice(1);
    await query(database.url, `alter database ${name} set timezone to 'Asia/Kathmandu'`);
    expect(await query(database.url, 'show timezone')).to.deep.equal([{ TimeZone: 'Asia/Kathmandu' }]);
    const now = async () =>
      Number((await query(database.url, 'select extract(epoch from clock_timestamp()) * 1e6 as now'))[0]?.['now']);
    const store = open(database.url);
    const before = await now();
    await lastOf(store.heartbeat(here.coordinatorId));
    expect((await lastOf(store.writeBindings(here, nodes([alice]))))?.at).to.be.within(before, await now());
    expect(await lastOf(store.readCoordinators(60_000))).to.have.length(1);
    expect(await lastOf(store.cleanCoordinators())).to.equal(0);
    const pools = openPools(database.url);
    try {
      for (const pool of [pools.main, pools.heartbeat]) {
        expect((await pool.query('show timezone')).rows).to.deep.equal([{ TimeZone: 'UTC' }]);
      }
    } finally {
      await lastOf(pools.close());
    }
  });

  it('announces each change once although triggers announce it, too', async () => {
    await query(
      database.url,
      `create function notify_peer() returns trigger language plpgsql as
         $$ begin perform pg_notify('tailnet_peer_update', coalesce(new.id, old.id)::text); return null; end $$;
       create trigger notify_peer after insert or update or delete on tailnet_peers
         for each row execute function notify_peer();`,
    );
    const store = open(database.url);
    const bus = pgListenBus(database.url);
    try {
      const heard = await hear(bus, channels.peer);
      await lastOf(store.heartbeat(here.coordinatorId));
      await lastOf(store.writeBindings(here, nodes([alice])));
      await lastOf(store.writeBindings(here, [{ kind: 'disconnected', peerId: alice }]));
      expect(await heard.untilNow()).to.deep.equal([alice, alice]);
    } finally {
      await lastOf(bus.close());
    }
  });

  it('has no deadlocks when coordinators write, withdraw and lose overlapping keys in any order', async () => {
    const store = open(database.url);
    const stores: [Store, Writer][] = [
      [open(database.url), here],
      [open(database.url), there],
    ];
    await lastOf(store.heartbeat(here.coordinatorId));
    await lastOf(store.heartbeat(there.coordinatorId));
    const ids = Array.from({ length: 60 }, () => crypto.randomUUID());
    const turned = <T>(all: readonly T[], by: number): T[] => [...all.slice(by), ...all.slice(0, by)].reverse();
    // With an expiry of 0 everybody is silent to everybody, so each reaches the rows of the others.
    const bindings = async ([store, writer]: [Store, Writer], round: number) => {
      const kinds = ['node', 'lost', 'disconnected'] as const;
      const writes = turned(ids, (round * 7) % 60).map((peerId, index): BindingWrite => {
        const kind = (round % 4 === 0 ? undefined : kinds[(index + round) % 3]) ?? 'node';
        return kind === 'disconnected' ? { kind, peerId } : { kind, peerId, node: new Uint8Array(10) };
      });
      await lastOf(store.writeBindings({ ...writer, expiry: 0 }, writes));
    };
    const tunnels = async ([store, writer]: [Store, Writer], round: number) => {
      const pairs = turned(ids, (round * 11) % 60).map((dst): Tunnel => ({ src: alice, dst }));
      await lastOf(
        store.writeTunnels(
          { ...writer, expiry: 0 },
          { add: pairs.slice(0, 30), remove: pairs.slice(30), clear: round % 5 === 0 ? [alice, bob] : [] },
        ),
      );
    };
    const work = stores.flatMap((by, index) => [
      async () => {
        for (let round = 0; round < 60; round++) await bindings(by, round * 2 + index);
      },
      async () => {
        for (let round = 0; round < 60; round++) await tunnels(by, round * 2 + index);
      },
    ]);
    work.push(async () => {
      for (let round = 0; round < 60; round++) {
        await lastOf(store.loseBindings((round % 2 === 0 ? here : there).coordinatorId));
      }
    });
    await Promise.all(work.map((run) => run()));
    const [row] = await query(
      database.url,
      'select deadlocks from pg_stat_database where datname = current_database()',
    );
    expect(row).to.deep.equal({ deadlocks: '0' });
  });
});

describe('postgresStore with a role that has only what migrate grants', () => {
  const role = `tailnet_test_${crypto.randomUUID().slice(0, 8)}`;
  let database: TestDatabase;
  let url: string;

  before(async () => {
    database = await migratedDatabase();
    await query(database.url, `create role ${role} login password 'only for tests'`);
    await migrate(database.url, { grant: role });
    const own = new URL(database.url);
    own.username = role;
    own.password = 'only for tests';
    url = own.href;
  });
  after(async () => {
    await database.drop();
    await query(new URL('/postgres', database.url).href, `drop role ${role}`);
  });

  storeContract('it', async () => {
    await query(database.url, 'truncate tailnet_coordinators cascade');
    const store = postgresStore(url);
    const bus = pgListenBus(url);
    return {
      store,
      bus,
      saysSender: true,
      close: async () => {
        await lastOf(bus.close());
        await lastOf(store.close());
      },
    };
  });
});
