import { expect } from 'chai';
import { bob, dave, eve } from '../../src/testing/index.js';
import { privateServer, type PrivateServer } from '../support/privateServer.js';
import { query } from '../support/query.js';
import { testDatabase } from '../support/testDatabase.js';
import { healthWatch } from './healthWatch.js';
import { expectBorne, expectNotSentAway, expectUnharmed, openMesh } from './mesh.js';
import { patience } from './patience.js';
import { seconds, together, waits } from './together.js';

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
      const took = await mesh.heard(2);
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
    const took = await mesh.heard(2);
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
      expectNotSentAway(mesh, since - killedAt);
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
      const took = await mesh.heard(3);
      expect(mesh.told('disconnected')).to.deep.equal([]);
      return seconds(took);
    },
  );

  const absences: readonly (readonly [how: string, leave: Change, comeBack: Change])[] = [
    ['is down', (server) => server.stop(), (server) => server.restart()],
    ['is frozen', freeze, thaw],
  ];
  for (const [how, leave, comeBack] of absences) {
    waits(`${how} for 30 s: coordinators stay alive, and are as before when it is back`, 45, async (arrange) => {
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
      const took = await mesh.heard(3);
      expect(mesh.told('disconnected')).to.deep.equal([]);
      expect(new Set(mesh.ends().map((text) => text.split(': ')[1]))).to.deep.equal(
        new Set(['1013 coordinator unhealthy']),
      );
      expect(alive.failures, 'answers of /healthz').to.deep.equal([]);
      return seconds(took);
    });

    waits(`${how} when coordinators are told to end: they end by themselves, and well`, 20, async (arrange) => {
      await using server = await arrange(privateServer);
      await using mesh = await arrange(() => openMesh(server.url, server.url));
      await leave(server);
      mesh.update(2);
      const since = performance.now();
      const codes = await Promise.all([mesh.end(0, 'SIGTERM'), mesh.end(1, 'SIGTERM')]);
      const took = performance.now() - since;
      expect(codes, mesh.log()).to.deep.equal([0, 0]);
      expect(mesh.log()).to.contain('own peers not marked lost in time; others will see it by the silence');
      return seconds(took);
    });
  }
});

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
    if (took > patience) expect(found).to.deep.equal(wanted);
  }
};
