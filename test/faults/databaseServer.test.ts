import { expect } from 'chai';
import { bob, dave, eve } from '../../src/testing/index.js';
import { privateServer, type PrivateServer } from '../support/privateServer.js';
import { query } from '../support/query.js';
import { testDatabase } from '../support/testDatabase.js';
import { healthWatch } from './healthWatch.js';
import { expectUnharmed, openMesh, type Mesh } from './mesh.js';
import { seconds, together, waits } from './together.js';

/** Milliseconds within which everybody knows what is new, once the database takes connections again. */
const recovery = 5_000;

/**
 * Milliseconds before which no coordinator is unhealthy, because three heartbeats in a row have to fail. A machine that
 * is busy may take longer to start the server again.
 */
const bearable = 4_000;

type Change = (server: PrivateServer) => Promise<void>;

const freeze: Change = (server) => {
  server.freeze();
  return Promise.resolve();
};
const thaw: Change = (server) => {
  server.thaw();
  return Promise.resolve();
};

together('a database server', () => {
  const ends: readonly (readonly [how: string, end: Change])[] = [
    ['is stopped', (server) => server.stop('fast')],
    ['is stopped at once, as by a crash', (server) => server.stop('immediate')],
    ['is killed', (server) => server.kill()],
  ];
  for (const [how, end] of ends) {
    waits(`${how}, and started again: what was said meanwhile is told, and nobody notices more`, 5, async (arrange) => {
      await using server = await arrange(privateServer);
      await using mesh = await arrange(() => openMesh(server.url, server.url));
      const since = performance.now();
      await end(server);
      mesh.update(2);
      await server.restart();
      const outage = performance.now() - since;
      const took = await mesh.heard(2, recovery);
      mesh.update(3);
      await mesh.heard(3);
      expectBorne(mesh, outage);
      return seconds(took);
    });
  }

  waits('is frozen for a moment: what was said meanwhile is told, and nobody notices more', 5, async (arrange) => {
    await using server = await arrange(privateServer);
    await using mesh = await arrange(() => openMesh(server.url, server.url));
    server.freeze();
    mesh.update(2);
    await mesh.coordinators[0]?.logs('heartbeat failed');
    server.thaw();
    const took = await mesh.heard(2, recovery);
    expectUnharmed(mesh, 'lost');
    return seconds(took);
  });

  waits(
    'comes back with older data: what is connected is written again, and what was withdrawn goes',
    12,
    async (arrange) => {
      await using server = await arrange(privateServer);
      await using mesh = await arrange(() => openMesh(server.url, server.url));
      const daves = mesh.peer(dave, 1, mesh.alice.id);
      const eves = mesh.peer(eve, 1, mesh.alice.id);
      daves.updateDerp(40);
      eves.updateDerp(50);
      await Promise.all([mesh.alice.eventuallySees(dave, 40), mesh.alice.eventuallySees(eve, 50)]);
      await server.stop();
      server.saveData();
      await server.restart();

      // What the copy does not know: newer nodes, one tunnel more and one less, and that eve has moved.
      mesh.update(2);
      mesh.bob.addTunnel(dave);
      daves.removeTunnel(mesh.alice.id);
      eves.moveTo(0);
      eves.updateDerp(51);
      await Promise.all([
        mesh.heard(2),
        mesh.bob.eventuallySees(dave, 40),
        mesh.alice.eventuallyHears(dave, 'disconnected'),
        mesh.alice.eventuallySees(eve, 51),
      ]);
      const tunnels = await readTunnels(server.url);

      const killedAt = performance.now();
      await server.kill();
      server.restoreData();
      await server.restart();
      const since = performance.now();
      const took = await untilTunnels(server.url, tunnels);
      mesh.update(3);
      daves.updateDerp(42);
      eves.updateDerp(52);
      await Promise.all([
        mesh.heard(3),
        mesh.bob.eventuallySees(dave, 42),
        daves.eventuallySees(bob, 31),
        mesh.alice.eventuallySees(eve, 52),
      ]);
      expect(performance.now() - since).to.be.below(2 * recovery);
      expectEnds(mesh, since - killedAt);
      // The tunnel that was removed may have been seen again for a moment, and the new one may have seemed gone.
      await mesh.alice.eventuallyHears(dave, 'disconnected');
      const withDave = /^(alice|bob): dave |^dave: (alice|bob) /;
      expect(mesh.told('disconnected').filter((text) => !withDave.test(text))).to.deep.equal([]);
      return seconds(took);
    },
  );

  waits(
    'becomes read-only, and then another takes its place that is not: coordinators find that one',
    20,
    async (arrange) => {
      await using database = await arrange(testDatabase);
      await using mesh = await arrange(() => openMesh(database.url, database.url));
      await query(
        database.url,
        `do $$ begin
         execute format('alter database %I set default_transaction_read_only = on', current_database());
       end $$`,
      );
      await query(
        database.url,
        `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and pid <> pg_backend_pid()`,
      );
      mesh.update(2);
      await Promise.all([mesh.alice, mesh.bob, mesh.carol].map((peer) => peer.eventuallyEnds(1)));
      mesh.update(3);
      // Connections that were made meanwhile stay read-only for as long as they are kept.
      await query(
        database.url,
        `set transaction_read_only = off;
       do $$ begin
         execute format('alter database %I reset default_transaction_read_only', current_database());
       end $$`,
      );
      const took = await mesh.heard(3, recovery);
      expect(mesh.told('disconnected')).to.deep.equal([]);
      return seconds(took);
    },
  );

  const absences: readonly (readonly [how: string, leave: Change, comeBack: Change])[] = [
    ['is down', (server) => server.stop(), (server) => server.restart()],
    ['is frozen', freeze, thaw],
  ];
  for (const [how, leave, comeBack] of absences) {
    waits(`${how} for 30 s: coordinators stay alive, and are as before 5 s after it is back`, 45, async (arrange) => {
      await using server = await arrange(privateServer);
      await using mesh = await arrange(() => openMesh(server.url, server.url));
      using alive = healthWatch(mesh.urls);
      await leave(server);
      const end = performance.now() + 30_000;
      mesh.update(2);
      // All are sent away, and come back to be refused.
      await Promise.all([mesh.alice, mesh.bob, mesh.carol].map((peer) => peer.eventuallyEnds(2)));
      mesh.update(3);
      await alive.until(end);
      await comeBack(server);
      const took = await mesh.heard(3, recovery);
      expect(mesh.told('disconnected')).to.deep.equal([]);
      expect(new Set(mesh.ends().map((text) => text.split(': ')[1]))).to.deep.equal(
        new Set(['1013 coordinator unhealthy']),
      );
      expect(alive.failures, 'answers of /healthz').to.deep.equal([]);
      return seconds(took);
    });

    waits(`${how} when coordinators are told to end: they end in time, and well`, 20, async (arrange) => {
      await using server = await arrange(privateServer);
      await using mesh = await arrange(() => openMesh(server.url, server.url));
      await leave(server);
      mesh.update(2);
      const since = performance.now();
      const codes = await Promise.all([mesh.end(0, 'SIGTERM'), mesh.end(1, 'SIGTERM')]);
      const took = performance.now() - since;
      expect(codes, mesh.log()).to.deep.equal([0, 0]);
      expect(took).to.be.below(20_000);
      expect(mesh.log()).to.contain('own peers not marked lost in time; others will see it by the silence');
      return seconds(took);
    });
  }
});

/** Nobody is called lost for a server that is away for a moment. */
const expectBorne = (mesh: Mesh, outage: number): void => {
  if (outage < bearable) expectUnharmed(mesh, 'lost');
  else expectEnds(mesh, outage);
  expect(mesh.told('disconnected')).to.deep.equal([]);
};

/** Nobody is sent away, unless the server was away for longer. */
const expectEnds = (mesh: Mesh, outage: number): void => {
  const ends = new Set(mesh.ends().map((text) => text.split(': ')[1]));
  if (outage >= bearable) ends.delete('1013 coordinator unhealthy');
  expect([...ends]).to.deep.equal([]);
};

const readTunnels = async (url: string): Promise<readonly string[]> => {
  const rows = await query<{ tunnel: string }>(
    url,
    `select distinct src_id || ' -> ' || dst_id as tunnel from tailnet_tunnels order by tunnel`,
  );
  return rows.map(({ tunnel }) => tunnel);
};

/** Waits until the tunnels in the database are these. Milliseconds that took. */
const untilTunnels = async (url: string, wanted: readonly string[]): Promise<number> => {
  const since = performance.now();
  for (;;) {
    const found = await readTunnels(url);
    const took = performance.now() - since;
    if (found.join() === wanted.join()) return took;
    if (took > 2 * recovery) expect(found).to.deep.equal(wanted);
  }
};
