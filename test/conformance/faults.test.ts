import { expect } from 'chai';
import { BehaviorSubject, firstValueFrom, range } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import type { Uuid } from '../../src/db/store.js';
import { migrate } from '../../src/db/migrate.js';
import { alice, bob, carol, north, testPeer } from '../../src/testing/index.js';
import { privateServer, type PrivateServer } from '../support/privateServer.js';
import { query } from '../support/query.js';
import { allAre, eventuallyHealth, onPostgres, type Stage } from '../support/stage.js';

describe('what happens to a PostgreSQL database', () => {
  let stage: Stage;
  beforeEach(async () => (stage = await onPostgres.open()));
  afterEach(() => stage[Symbol.asyncDispose]());

  const sql = (text: string, ...parameters: readonly unknown[]) => query(stage.url ?? '', text, parameters);

  /** Alice watches bob. */
  const acquainted = async (home: Coordinator, away: Coordinator) => {
    const alices = stage.peer(home, alice);
    const bobs = stage.peer(away, bob);
    alices.addTunnel(bob);
    alices.updateDerp(1);
    bobs.updateDerp(2);
    await Promise.all([alices.eventuallyHasDerp(bob, 2), bobs.eventuallyHasDerp(alice, 1)]);
    return { alices, bobs };
  };

  const terminate = (applicationName: string) =>
    sql(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = $1`,
      applicationName,
    );

  it('a change that comes while the listening connections are dead is heard of after the reconnect', async () => {
    const { alices, bobs } = await acquainted(stage.coordinator(), stage.coordinator());
    for (let derp = 100; derp < 110; derp++) {
      await terminate('tailnet-coordinator listen');
      bobs.updateDerp(derp);
      await alices.eventuallyHasDerp(bob, derp);
    }
    await Promise.all([alices.neverSees(bob, 'lost'), alices.neverSees(bob, 'disconnected')]);
  });

  it('all connections are cut, again and again, and nothing is lost and nobody sent away', async () => {
    const { alices, bobs } = await acquainted(stage.coordinator(), stage.coordinator());
    for (let derp = 100; derp < 105; derp++) {
      bobs.updateDerp(derp);
      for (const part of ['', ' heartbeat', ' listen']) await terminate(`tailnet-coordinator${part}`);
      await alices.eventuallyHasDerp(bob, derp);
    }
    await Promise.all([alices.neverClosed(), bobs.neverClosed()]);
    await alices.neverSees(bob, 'disconnected');
  });

  it('a coordinator whose row is deleted by hand writes it, and what its peers said, again', async () => {
    const [home, away] = [stage.coordinator(), stage.coordinator()];
    const { alices, bobs } = await acquainted(home, away);
    await sql('delete from tailnet_coordinators where id = $1', away.id);
    // With the next heartbeat bob's row is back, although bob says nothing.
    await stage.eventuallyBindings(bob, allAre('ok'));
    bobs.updateDerp(3);
    await alices.eventuallyHasDerp(bob, 3);

    await sql('delete from tailnet_coordinators where id = $1', home.id);
    await stage.eventuallyTunnels(home, [{ src: alice, dst: bob }]);
    await stage.eventuallyBindings(alice, allAre('ok'));
    await Promise.all([alices.neverClosed(), bobs.neverClosed()]);
  });

  it('all rows are deleted by hand while peers write, and all comes back', async () => {
    const { alices, bobs } = await acquainted(stage.coordinator(), stage.coordinator());
    await sql('truncate tailnet_coordinators cascade');
    bobs.updateDerp(4);
    alices.updateDerp(5);
    await Promise.all([alices.eventuallyHasDerp(bob, 4), bobs.eventuallyHasDerp(alice, 5)]);
  });

  it('a row whose node cannot be read harms nobody but the peer whose it is', async () => {
    const { alices } = await acquainted(stage.coordinator(), stage.coordinator());
    const away = stage.coordinator();
    const carols = stage.peer(away, carol);
    carols.updateDerp(30);
    await stage.eventuallyBindings(carol, allAre('ok'));
    await sql(`update tailnet_peers set node = '\\xff' where id = $1`, carol);
    alices.addTunnel(carol);
    const bobs = stage.peer(away, bob);
    bobs.updateDerp(3);
    await alices.eventuallyHasDerp(bob, 3);
    await alices.neverSees(carol, 'node');
    carols.updateDerp(31);
    await alices.eventuallyHasDerp(carol, 31);
  });

  for (const zone of ['Asia/Tokyo', 'America/Los_Angeles']) {
    it(`has the time zone ${zone}, and nobody is older or younger for it`, async () => {
      await sql(
        `do $$ begin execute format('alter database %I set timezone = ''${zone}''', current_database()); end $$`,
      );
      const [home, away] = [stage.coordinator(), stage.coordinator()];
      const { alices, bobs } = await acquainted(home, away);
      const [age] = await sql(
        `select abs(extract(epoch from now() - heartbeat_at)) < 60 as fresh from tailnet_coordinators where id = $1`,
        home.id,
      );
      expect(age).to.deep.equal({ fresh: true });
      await firstValueFrom(stage.database.store.cleanCoordinators());
      const ages = await firstValueFrom(stage.database.store.readCoordinators(60_000));
      expect(ages.map(({ coordinatorId }) => coordinatorId).sort()).to.deep.equal([home.id, away.id].sort());
      bobs.drop();
      await alices.eventuallyLost(bob);
      expect(await firstValueFrom(stage.database.store.cleanLostBindings())).to.equal(0);
    });
  }

  it('is locked by somebody for a while: what was said meanwhile is written afterwards, once', async () => {
    const { alices, bobs } = await acquainted(stage.coordinator(), stage.coordinator());
    const locked = sql('begin; lock table tailnet_peers in access exclusive mode; select pg_sleep(1); commit');
    range(100, 51).subscribe((derp) => {
      bobs.updateDerp(derp);
    });
    await alices.eventuallyHasDerp(bob, 150);
    await locked;
    const derps = alices.seen.historyOf(bob).map(({ derp }) => derp);
    expect(derps).to.deep.equal([...new Set(derps)].sort((a, b) => a - b));
  });

  it('refuses nothing when a tunnel is closed while its opening is still being tried', async () => {
    const home = stage.coordinator({ id: north });
    const alices = stage.peer(home, alice);
    alices.updateDerp(1);
    await stage.eventuallyBindings(alice, allAre('ok'));
    const locked = sql('begin; lock table tailnet_tunnels in access exclusive mode; select pg_sleep(0.5); commit');
    alices.addTunnel(bob);
    alices.addTunnel(carol);
    alices.removeTunnel(bob);
    await locked;
    await stage.eventuallyTunnels(home, [{ src: alice, dst: carol }]);
    // The same with a goodbye: no orphan stays behind.
    const again = sql('begin; lock table tailnet_tunnels in access exclusive mode; select pg_sleep(0.5); commit');
    alices.addTunnel(bob);
    await alices.disconnect();
    await again;
    await stage.eventuallyTunnels(home, []);
  });

  describe('with more peers around one than fit into a response', () => {
    const count = 1_025;
    const peerId = (index: number): Uuid => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    const ids = Array.from({ length: count }, (_, index) => peerId(index));

    it('tells of all of them, 1024 at a time', async () => {
      const [home, away] = [stage.coordinator(), stage.coordinator()];
      const crowd = ids.map((id) => stage.peer(away, id));
      crowd.forEach((peer, index) => {
        peer.updateDerp(index + 1);
        peer.addTunnel(alice);
      });
      await stage.eventuallyNeighbours(alice, ids);

      // Alice comes last, and takes nothing before everything is there for her.
      const ready$ = new BehaviorSubject(false);
      const alices = stage.peer(home, alice, { ready$ });
      const witness = stage.peer(home, bob);
      for (const id of ids) witness.addTunnel(id);
      await Promise.all(ids.map((id, index) => witness.eventuallyHasDerp(id, index + 1)));
      ready$.next(true);
      await Promise.all(ids.map((id, index) => alices.eventuallyHasDerp(id, index + 1)));
      const sizes = [...alices.responses, ...witness.responses].map(({ peerUpdates }) => peerUpdates.length);
      expect(Math.max(...sizes)).to.be.at.most(1_024);
      expect(alices.seen.log).to.have.lengthOf(count);
    });

    it('a receiver that stalls while all of them change, twice, hears once of each, and the end of it', async () => {
      const home = stage.coordinator();
      const away = stage.coordinator();
      const ready$ = new BehaviorSubject(true);
      const alices = stage.peer(home, alice, { ready$ });
      const witness = stage.peer(home, bob);
      const crowd = ids.slice(0, 1_000).map((id) => stage.peer(away, id));
      crowd.forEach((peer) => {
        peer.addTunnel(alice);
        peer.addTunnel(bob);
        peer.updateDerp(1);
      });
      await Promise.all(crowd.map(({ id }) => alices.eventuallyHasDerp(id, 1)));
      ready$.next(false);
      const before = alices.seen.log.length;
      for (const derp of [2, 3]) {
        for (const peer of crowd) peer.updateDerp(derp);
        await Promise.all(crowd.map(({ id }) => witness.eventuallyHasDerp(id, derp)));
      }
      expect(alices.seen.log.length, 'while it was not ready').to.equal(before);
      ready$.next(true);
      await Promise.all(crowd.map(({ id }) => alices.eventuallyHasDerp(id, 3)));
      expect(alices.seen.log.length - before).to.equal(crowd.length);
    });
  });
});

describe('a database server that stands still', function () {
  this.timeout(60_000);
  let server: PrivateServer;
  let coordinators: Coordinator[];

  beforeEach(async () => {
    server = await privateServer();
    await migrate(server.url);
    coordinators = [];
  });
  afterEach(async () => {
    server.thaw();
    await Promise.all(coordinators.map((coordinator) => coordinator.close()));
    await server.close();
  });

  it('makes the coordinator unhealthy, although nothing fails by itself, and healthy when it goes on', async () => {
    // Whoever is sent away is sent late: bob, who does not come back by himself, stays until it is over.
    const random = () => 0.99;
    const start = () => createCoordinator({ database: server.url, random });
    const [home, away] = [start(), start()];
    coordinators = [home, away];
    using alices = testPeer(home, alice, { timeout: 20_000 });
    using bobs = testPeer(away, bob, { timeout: 20_000 });
    alices.addTunnel(bob);
    bobs.updateDerp(2);
    await alices.eventuallyHasDerp(bob, 2);

    server.freeze();
    bobs.updateDerp(3);
    await eventuallyHealth(home, 'unhealthy');
    using refused = testPeer(home, carol);
    await refused.eventuallyClosed('coordinator unhealthy');
    server.thaw();
    await Promise.all([home, away].map((coordinator) => eventuallyHealth(coordinator, 'healthy')));
    // Those who were not sent away before stay; the others come back.
    using again = testPeer(home, carol, { timeout: 20_000 });
    again.addTunnel(bob);
    await again.eventuallyHasDerp(bob, 3);
    await alices.neverSees(bob, 'disconnected');
  });
});
