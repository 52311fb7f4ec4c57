import { expect } from 'chai';
import type { Uuid } from '../../src/db/store.js';
import { Node } from '../../src/proto/gen/tailnet.js';
import { aNode, alice, dave, eve } from '../../src/testing/index.js';
import { query } from '../support/query.js';
import { testDatabase } from '../support/testDatabase.js';
import { expectUnharmed, openMesh } from './mesh.js';
import { seconds, together, waits } from './together.js';

const idOf = (index: number): Uuid => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;

const idsOf = (count: number): readonly Uuid[] => Array.from({ length: count }, (_, index) => idOf(index));

const nodeAt = (derp: number): string => Buffer.from(Node.encode(aNode({ derp })).finish()).toString('hex');

/** Not one of the first nor one of the last. */
const poisoned = idOf(1_234);

together('one bad row among thousands', () => {
  waits('that cannot be decoded hides its own peer and no other, and is logged', 5, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(() => openMesh(database.url, database.url));
    const ids = idsOf(3_000);
    const good = ids.filter((id) => id !== poisoned);
    const write = (derp: number): Promise<unknown> =>
      query(
        database.url,
        `with far as (
           insert into tailnet_coordinators values ($1, now() + interval '1 hour') on conflict do nothing
         ), written as (
           insert into tailnet_peers (id, coordinator_id, updated_at, node, status)
           select id, $1, now(), case id when $3 then '\\xff'::bytea else decode($4, 'hex') end, 'ok'
           from unnest($2::uuid[]) as id
           on conflict (id, coordinator_id) do update set node = excluded.node, updated_at = excluded.updated_at
           returning id
         ), linked as (
           insert into tailnet_tunnels (coordinator_id, src_id, dst_id, updated_at)
           select $1, id, $5, now() from unnest($2::uuid[]) as id on conflict do nothing
         )
         select count(pg_notify('tailnet_peer_update', id::text)), count(pg_notify('tailnet_coordinator_heartbeat', $1::text))
         from written`,
        [eve, `{${ids.join(',')}}`, poisoned, nodeAt(derp), dave],
      );
    await arrange(() => write(1));
    const daves = mesh.peer(dave, 0);
    const since = performance.now();
    await Promise.all(good.map((id) => daves.eventuallySees(id, 1)));
    await write(2);
    await Promise.all(good.map((id) => daves.eventuallySees(id, 2)));
    const took = performance.now() - since;
    expect(daves.seen.historyOf(poisoned)).to.deep.equal([]);
    await mesh.coordinators[0]?.logs('node in the database cannot be decoded');
    const complaints = mesh
      .log()
      .split('\n')
      .filter((line) => line.includes('node in the database cannot be decoded'));
    // Once for each time it was written, if it was read in between.
    expect(complaints.length).to.be.within(1, 2);
    for (const complaint of complaints) expect(complaint).to.contain(poisoned);

    await query(
      database.url,
      `with mended as (update tailnet_peers set node = decode($2, 'hex'), updated_at = now() where id = $1 returning id)
       select pg_notify('tailnet_peer_update', id::text) from mended`,
      [poisoned, nodeAt(3)],
    );
    await daves.eventuallySees(poisoned, 3);
    mesh.update(2);
    await mesh.heard(2);
    expectUnharmed(mesh, 'lost');
    return seconds(took);
  });

  waits('that the database refuses to take is given up, and logged, and all others are written', 5, async (arrange) => {
    await using database = await arrange(testDatabase);
    await using mesh = await arrange(() => openMesh(database.url, database.url));
    await query(
      database.url,
      `create function refuse() returns trigger language plpgsql as
         $$ begin raise exception 'this one never' using errcode = '22023'; end $$`,
    );
    await query(
      database.url,
      `create trigger refuse before insert or update on tailnet_peers
       for each row when (new.id = '${poisoned}') execute function refuse()`,
    );
    const ids = idsOf(1_500);
    const good = ids.filter((id) => id !== poisoned);
    const crowd = await arrange(async () => {
      const peers = ids.map((id) => mesh.peer(id, 1, alice));
      await Promise.all(peers.map((peer) => peer.eventuallySees(alice, 10)));
      return peers;
    });
    const since = performance.now();
    for (const peer of crowd) peer.updateDerp(1);
    await Promise.all(good.map((id) => mesh.alice.eventuallySees(id, 1)));
    for (const peer of crowd) peer.updateDerp(2);
    await Promise.all(good.map((id) => mesh.alice.eventuallySees(id, 2)));
    const took = performance.now() - since;
    await mesh.coordinators[1]?.logs('binding given up', 2);
    const givenUp = mesh
      .log()
      .split('\n')
      .filter((line) => line.includes('binding given up'));
    for (const line of givenUp) {
      expect(line).to.contain(`"peer_id":"${poisoned}"`).and.to.contain('this one never (22023)');
    }
    expect(mesh.alice.seen.historyOf(poisoned)).to.deep.equal([]);

    // What it says next may well be taken.
    await query(database.url, 'drop trigger refuse on tailnet_peers');
    crowd[ids.indexOf(poisoned)]?.updateDerp(3);
    await mesh.alice.eventuallySees(poisoned, 3);
    expectUnharmed(mesh, 'lost');
    return seconds(took);
  });
});
