import { expect } from 'chai';
import { Client } from 'pg';
import type { Observable } from 'rxjs';
import { anything, channels } from '../../../src/db/bus.js';
import { pgListenBus } from '../../../src/db/postgres/pgListenBus.js';
import { postgresDatabase } from '../../../src/db/postgres/postgresDatabase.js';
import { busContract } from '../../../src/testing/contracts/busContract.js';
import { lastOf } from '../../../src/testing/contracts/lastOf.js';
import { storeContract } from '../../../src/testing/contracts/storeContract.js';
import { hear } from '../../../src/testing/contracts/hear.js';
import type { StoreError } from '../../../src/db/store.js';
import { createCoordinator, type Coordinator } from '../../../src/index.js';
import { alice, bob, carol, memoryDatabase, north, testPeer } from '../../../src/testing/index.js';
import { tcpProxy } from '../../support/tcpProxy.js';
import { query } from '../../support/query.js';
import { migratedDatabase, type TestDatabase } from '../../support/testDatabase.js';

describe('postgresDatabase', () => {
  it('is not opened for what is no database', () => {
    expect(() => postgresDatabase('foo')).to.throw(TypeError, 'config: must be a URL like postgres://');
    expect(() => postgresDatabase('postgres://localhost/net', { listenConfig: 'foo' })).to.throw(
      TypeError,
      'listenConfig: must be a URL like postgres://',
    );
  });

  let database: TestDatabase;
  before(async () => (database = await migratedDatabase()));
  after(() => database.drop());

  const age = async (hours: number): Promise<void> => {
    const client = new Client({ connectionString: database.url });
    await client.connect();
    try {
      const time = `interval '${hours} hours'`;
      await client.query(`update tailnet_coordinators set heartbeat_at = heartbeat_at - ${time}`);
      await client.query(`update tailnet_peers set updated_at = updated_at - ${time}`);
      await client.query(`update tailnet_tunnels set updated_at = updated_at - ${time}`);
    } finally {
      await client.end();
    }
  };

  storeContract('PostgreSQL', async () => {
    await query(database.url, 'truncate tailnet_coordinators cascade');
    const tested = postgresDatabase(database.url);
    return {
      store: tested.store,
      bus: tested.bus,
      age,
      saysSender: true,
      close: () => lastOf(tested.close()),
    };
  });

  storeContract('PostgreSQL, with another bus,', async () => {
    await query(database.url, 'truncate tailnet_coordinators cascade');
    const { bus } = memoryDatabase();
    const tested = postgresDatabase(database.url, { bus });
    return { store: tested.store, bus, age, close: () => lastOf(tested.close()) };
  });

  describe('with another bus', () => {
    it('notifies nobody who listens to the database, and does not listen itself', async () => {
      const { bus } = memoryDatabase();
      const tested = postgresDatabase(database.url, { bus });
      const postgres = pgListenBus(database.url);
      const [here, there] = [await hear(bus, channels.heartbeat), await hear(postgres, channels.heartbeat)];
      await lastOf(tested.store.heartbeat(north));
      expect(await here.untilNow()).to.deep.equal([north]);
      expect(await there.untilNow()).to.deep.equal([]);
      await lastOf(postgres.close());
      const listening = await query(
        database.url,
        `select from pg_stat_activity where datname = current_database() and application_name like '% listen'`,
      );
      expect(listening).to.have.length(0);
      await lastOf(tested.close());
    });

    it('makes coordinators see each other', async () => {
      const { bus } = memoryDatabase();
      const wires = [1, 2].map(() => postgresDatabase(database.url, { bus }));
      const [one, other] = wires.map((wire) => createCoordinator({ database: wire })) as [Coordinator, Coordinator];
      const [alices, bobs] = [testPeer(one, alice), testPeer(other, bob)];
      alices.addTunnel(bob);
      bobs.updateDerp(7);
      await alices.eventuallyHasDerp(bob, 7);
      await bobs.disconnect();
      await alices.eventuallyDisconnected(bob);
      await Promise.all([one.close(), other.close()]);
      for (const wire of wires) await lastOf(wire.close());
    });

    it('publishes what a write may have changed whose answer was lost, and that a goodbye may have cleared anything', async () => {
      await query(database.url, 'truncate tailnet_coordinators cascade');
      await using proxy = await tcpProxy(database.url);
      const { bus } = memoryDatabase();
      const tested = postgresDatabase(proxy.url, { bus, statementTimeout: 200 });
      const writer = { coordinatorId: north, expiry: 60_000 };
      await lastOf(tested.store.heartbeat(north));
      await lastOf(tested.store.writeBindings(writer, [{ kind: 'node', peerId: alice, node: new Uint8Array() }]));
      const [peers, tunnels] = [await hear(bus, channels.peer), await hear(bus, channels.tunnel)];
      proxy.set('swallow');
      const failed = await Promise.all(
        [
          tested.store.writeBindings(writer, [{ kind: 'disconnected', peerId: alice }]),
          tested.store.writeTunnels(writer, {
            add: [{ src: bob, dst: carol }],
            remove: [{ src: carol, dst: alice }],
            clear: [alice],
          }),
        ].map((write$: Observable<unknown>) => lastOf(write$).catch((error: unknown) => error)),
      );
      for (const error of failed) expect((error as StoreError).reason).to.equal('unavailable');
      expect(await peers.untilNow()).to.deep.equal([alice]);
      expect(await tunnels.untilNow()).to.deep.equal([`${bob},${carol}`, `${carol},${alice}`, anything]);
      proxy.set('cut');
      await lastOf(tested.close());
    });
  });

  busContract('PostgreSQL', () => {
    const here = postgresDatabase(database.url);
    const there = postgresDatabase(database.url);
    return Promise.resolve({
      bus: here.bus,
      other: there.bus,
      interrupt: async () => {
        await query(
          database.url,
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and application_name = 'tailnet-coordinator listen'`,
        );
      },
      close: async () => {
        await lastOf(here.close());
        await lastOf(there.close());
      },
    });
  });
});
