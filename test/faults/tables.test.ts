import { expect } from 'chai';
import pg from 'pg';
import { setTimeout as delay } from 'node:timers/promises';
import { alice, bob, carol, dave } from '../../src/testing/index.js';
import { query } from '../support/query.js';
import { testDatabase } from '../support/testDatabase.js';
import { expectUnharmed, openMesh, type Mesh } from './mesh.js';
import { patience } from './patience.js';
import { seconds, together, waits } from './together.js';

/** Makes every write to a table fail, as on a disk that is full. */
const fillDisk = (table: string): string => `
  create or replace function disk_is_full() returns trigger language plpgsql as
    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$;
  create trigger disk_is_full before insert or update on ${table} for each row execute function disk_is_full()`;

const emptyDisk = (table: string): string => `drop trigger disk_is_full on ${table}`;

together('the tables', () => {
  waits(
    'are locked by somebody for 12 s: coordinators stay healthy, and all is written afterwards',
    15,
    async (arrange) => {
      await using database = await arrange(testDatabase);
      await using mesh = await arrange(() => openMesh(database.url, database.url));
      const locker = new pg.Client(database.url);
      await locker.connect();
      try {
        await locker.query('begin; lock table tailnet_peers');
        // More than the pool has connections, at different times.
        for (let round = 2; round < 26; round++) {
          mesh.update(round);
          await delay(500);
        }
        await locker.query('rollback');
      } finally {
        await locker.end();
      }
      const took = await mesh.heard(25);
      expectUnharmed(mesh, 'lost');
      expect(mesh.log()).not.to.contain('heartbeat failed');
      return seconds(took);
    },
  );

  waits('are on a disk that is full: that passes, and what was said last is written', 8, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(() => openMesh(database.url, database.url));
    await query(database.url, fillDisk('tailnet_peers'));
    for (let round = 2; round < 5; round++) {
      mesh.update(round);
      await Promise.all(mesh.coordinators.map((one) => one.logs('No space left on device (53100)', round - 1)));
    }
    await query(database.url, emptyDisk('tailnet_peers'));
    const took = await mesh.heard(4);
    expectUnharmed(mesh, 'lost');
    expect(mesh.log()).not.to.contain('given up');
    return seconds(took);
  });

  waits(
    'are on a disk too full for heartbeats: peers are sent away, and are back when it is not',
    15,
    async (arrange) => {
      await using database = await arrange(testDatabase);
      await using mesh = await arrange(() => openMesh(database.url, database.url));
      const tables = ['tailnet_coordinators', 'tailnet_peers', 'tailnet_tunnels'];
      for (const table of tables) await query(database.url, fillDisk(table));
      mesh.update(2);
      await Promise.all([mesh.alice, mesh.bob, mesh.carol].map((peer) => peer.eventuallyEnds(1)));
      mesh.update(3);
      for (const table of tables) await query(database.url, emptyDisk(table));
      const took = await mesh.heard(3);
      expect(mesh.told('disconnected')).to.deep.equal([]);
      return seconds(took);
    },
  );

  waits('are emptied by hand while nobody says anything: all that is connected is back', 8, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(() => openMesh(database.url, database.url));
    const before = await rowsOf(database.url);
    await query(database.url, 'truncate tailnet_coordinators, tailnet_peers, tailnet_tunnels');
    const took = await untilRows(database.url, before);
    // Who comes now knows nothing but what is written.
    const daves = mesh.peer(dave, 0, alice, bob, carol);
    await Promise.all([
      daves.eventuallySees(alice, 10),
      daves.eventuallySees(bob, 11),
      daves.eventuallySees(carol, 12),
    ]);
    mesh.update(2);
    await mesh.heard(2);
    expectEverybodyIsThere(mesh);
    return seconds(took);
  });
});

/** What must be there: who is where, and the tunnels. */
const rowsOf = async (url: string): Promise<string> => {
  const rows = await query(
    url,
    `select id::text, coordinator_id, status::text, encode(node, 'hex') as rest from tailnet_peers
     union all select src_id::text, coordinator_id, 'tunnel', dst_id::text from tailnet_tunnels order by 1, 2, 3`,
  );
  return JSON.stringify(rows, undefined, 1);
};

/** Milliseconds until the rows are as they were. */
const untilRows = async (url: string, wanted: string): Promise<number> => {
  const since = performance.now();
  for (;;) {
    const found = await rowsOf(url);
    const took = performance.now() - since;
    if (found === wanted) return took;
    if (took > patience) expect(found).to.equal(wanted);
  }
};

const expectEverybodyIsThere = (mesh: Mesh): void => {
  for (const peer of [mesh.alice, mesh.bob, mesh.carol]) {
    for (const other of [mesh.alice, mesh.bob, mesh.carol]) {
      if (peer !== other) expect(peer.seen.of(other.id)?.kind).to.equal('node');
    }
  }
  expect(mesh.ends()).to.deep.equal([]);
};
