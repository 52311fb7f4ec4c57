import { expect } from 'chai';
import { dave } from '../../src/testing/index.js';
import { privateServer, type PrivateServer } from '../support/privateServer.js';
import { query } from '../support/query.js';
import { healthWatch } from './healthWatch.js';
import { expectUnharmed, openMesh } from './mesh.js';
import { seconds, together, waits } from './together.js';

/** Milliseconds within which everybody knows what is new, once the database takes connections again. */
const recovery = 5_000;

together('a database server', () => {
  const ends: readonly (readonly [how: string, end: (server: PrivateServer) => Promise<void>])[] = [
    ['is stopped', (server) => server.stop('fast')],
    ['is stopped at once, as by a crash', (server) => server.stop('immediate')],
    ['is killed', (server) => server.kill()],
  ];
  for (const [how, end] of ends) {
    waits(`${how}, and started again: what was said meanwhile is told, and nobody notices more`, 5, async (arrange) => {
      await using server = await privateServer();
      await using mesh = await arrange(() => openMesh(server.url, server.url));
      await end(server);
      mesh.update(2);
      await server.restart();
      const took = await mesh.heard(2, recovery);
      mesh.update(3);
      await mesh.heard(3);
      expectUnharmed(mesh, 'lost');
      return seconds(took);
    });
  }

  waits('is frozen for a moment: what was said meanwhile is told, and nobody notices more', 5, async (arrange) => {
    await using server = await privateServer();
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
      await using server = await privateServer();
      await using mesh = await arrange(() => openMesh(server.url, server.url));
      const daves = mesh.peer(dave, 1, mesh.alice.id);
      daves.updateDerp(50);
      await mesh.alice.eventuallySees(dave, 50);
      await server.stop();
      server.saveData();
      await server.restart();

      // What the copy does not know: newer nodes, a tunnel more, a tunnel less, and where dave is.
      mesh.update(2);
      await mesh.heard(2);
      mesh.bob.addTunnel(dave);
      daves.moveTo(0);
      daves.updateDerp(51);
      await mesh.bob.eventuallySees(dave, 51);
      daves.removeTunnel(mesh.alice.id);
      await mesh.alice.eventuallyHears(dave, 'disconnected');

      await server.kill();
      server.restoreData();
      await server.restart();
      const since = performance.now();
      await untilRows(server.url, [
        `${mesh.alice.id} -> ${mesh.bob.id}`,
        `${mesh.bob.id} -> ${mesh.carol.id}`,
        `${mesh.bob.id} -> ${dave}`,
        `${mesh.carol.id} -> ${mesh.alice.id}`,
      ]);
      const took = performance.now() - since;
      mesh.update(3);
      daves.updateDerp(52);
      await Promise.all([mesh.heard(3), mesh.bob.eventuallySees(dave, 52), daves.eventuallySees(mesh.bob.id, 31)]);
      expect(mesh.ends()).to.deep.equal([]);
      expect(mesh.alice.seen.of(dave)?.kind).to.equal('disconnected');
      return seconds(took);
    },
  );

  for (const [how, leave, comeBack] of [
    ['is down', (server: PrivateServer) => server.stop(), (server: PrivateServer) => server.restart()],
    [
      'is frozen',
      (server: PrivateServer) => Promise.resolve(server.freeze()),
      (server: PrivateServer) => Promise.resolve(server.thaw()),
    ],
  ] as const) {
    waits(`${how} for 30 s: coordinators stay alive, and are as before 5 s after it is back`, 45, async (arrange) => {
      await using server = await privateServer();
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
      await using server = await privateServer();
      const mesh = await arrange(() => openMesh(server.url, server.url));
      try {
        await leave(server);
        mesh.update(2);
        const since = performance.now();
        for (const coordinator of mesh.coordinators) coordinator.signal('SIGTERM');
        const codes = await Promise.all(mesh.coordinators.map(({ ended }) => ended));
        const took = performance.now() - since;
        expect(codes).to.deep.equal([0, 0]);
        expect(took).to.be.below(20_000);
        expect(mesh.log()).to.contain('own peers not marked lost in time; others will see it by the silence');
        return seconds(took);
      } finally {
        for (const peer of [mesh.alice, mesh.bob, mesh.carol]) peer.drop();
      }
    });
  }
});

/** Waits until the tunnels in the database are these. */
const untilRows = async (url: string, wanted: readonly string[]): Promise<void> => {
  for (;;) {
    const rows = await query<{ tunnel: string }>(
      url,
      `select distinct src_id || ' -> ' || dst_id as tunnel from tailnet_tunnels order by 1`,
    );
    if (rows.map(({ tunnel }) => tunnel).join() === [...wanted].sort().join()) return;
  }
};
