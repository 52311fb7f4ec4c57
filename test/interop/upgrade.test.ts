import { expect } from 'chai';
import pg from 'pg';
import { channels } from '../../src/db/bus.js';
import { alice, bob, carol } from '../../src/testing/index.js';
import { query } from '../support/query.js';
import { eventuallyLive } from '../support/stage.js';
import { autumn2024, autumn2026 } from './generations.js';
import { interopDatabase, interopStage } from './interopStage.js';
import { ReferenceCoordinator } from './referenceCoordinator.js';

/** What migration 000483 does. */
const dropTriggers = `
  drop trigger tailnet_notify_coordinator_heartbeat on tailnet_coordinators;
  drop trigger tailnet_notify_peer_change on tailnet_peers;
  drop trigger tailnet_notify_tunnel_change on tailnet_tunnels;`;

describe('while coder/coder is upgraded from triggers to notifications of its own', () => {
  it('ours sees the peers of both versions, and both see ours', async () => {
    await using database = await interopDatabase(autumn2024);
    await using stage = interopStage(database.url, autumn2024);
    // Heartbeats so often that what cannot be heard is looked for after a second and a half.
    const [heartbeatPeriod, heartbeatTimeout] = [100, 80];
    const old = await stage.theirs({ heartbeatPeriod });
    const ours = stage.ours({ tuning: { heartbeatPeriod, heartbeatTimeout } });
    await eventuallyLive(ours, ours.id, old.id);
    const alices = stage.peer(ours, alice);
    alices.addTunnel(bob);
    alices.addTunnel(carol);
    const bobs = old.connect(bob);
    await bobs.updateDerp(1);
    await alices.eventuallyHasDerp(bob, 1);

    await query(stage.url, dropTriggers);
    await using next = await ReferenceCoordinator.start(stage.url, autumn2026, { heartbeatPeriod });
    const carols = next.connect(carol);
    await carols.updateDerp(2);
    await alices.eventuallyHasDerp(carol, 2);
    alices.updateDerp(3);
    await Promise.all([
      carols.eventuallyTold('alice NODE derp 3 (new)'),
      bobs.eventuallyTold('alice NODE derp 3 (new)'),
    ]);
    // Nobody announces this.
    await bobs.updateDerp(4);
    await alices.eventuallyHasDerp(bob, 4);
    await old.close();
    await alices.eventuallyLost(bob);
    expect(next.complaints).to.deep.equal([]);
  });
});

describe('where triggers announce what ours announces, too', () => {
  it('each change is announced once', async () => {
    await using database = await interopDatabase(autumn2024);
    await using stage = interopStage(database.url, autumn2024);
    const ears = new pg.Client(stage.url);
    await ears.connect();
    try {
      const heard: string[] = [];
      const last = new Promise<void>((resolve) => {
        ears.on('notification', ({ channel, payload }) => {
          if (channel === 'last_one') resolve();
          else heard.push(`${channel} ${payload}`);
        });
      });
      for (const channel of [channels.peer, channels.tunnel]) await ears.query(`listen ${channel}`);
      const ours = stage.ours();
      const [alices, bobs] = [stage.peer(ours, alice), stage.peer(ours, bob)];
      alices.addTunnel(bob);
      bobs.updateDerp(1);
      await alices.eventuallyHasDerp(bob, 1);
      bobs.updateDerp(2);
      await alices.eventuallyHasDerp(bob, 2);
      await bobs.disconnect();
      await alices.eventuallyDisconnected(bob);
      // Notifications come in the order of the commits: with this one, all before it are there.
      await ears.query('listen last_one');
      await query(database.url, `select pg_notify('last_one', '')`);
      await last;
      const bobChanged = `${channels.peer} ${bob}`;
      expect([...heard].sort()).to.deep.equal([
        bobChanged,
        bobChanged,
        bobChanged,
        `${channels.tunnel} ${alice},${bob}`,
      ]);
    } finally {
      await ears.end();
    }
  });
});
