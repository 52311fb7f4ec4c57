import { expect } from 'chai';
import { firstValueFrom, lastValueFrom, Subject, tap, timeout } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { postgresDatabase } from '../../src/db/postgres/postgresDatabase.js';
import { alice, bob } from '../../src/testing/index.js';
import { query } from '../support/query.js';
import { eventuallyLive } from '../support/stage.js';
import type { TestDatabase } from '../support/testDatabase.js';
import { autumn2026 } from './generations.js';
import { interopDatabase, interopStage, type InteropStage } from './interopStage.js';
import type { ReferenceCoordinator } from './referenceCoordinator.js';

const hasty = { heartbeatPeriod: 500 };
const tuning = { heartbeatPeriod: 500, heartbeatTimeout: 400 };

// There it is earlier than in UTC, so that what coder/coder takes for now is hours ahead; and later.
for (const timeZone of ['Canada/Newfoundland', 'Asia/Kathmandu']) {
  describe(`beside a coordinator of coder/coder whose sessions are in the time zone ${timeZone}`, () => {
    let tables: TestDatabase;
    let stage: InteropStage;
    let theirs: ReferenceCoordinator;
    let database: ReturnType<typeof postgresDatabase>;
    let ours: Coordinator;
    const asked$ = new Subject<void>();
    before(async () => (tables = await interopDatabase(autumn2026, timeZone)));
    after(() => tables.drop());
    beforeEach(async () => {
      stage = interopStage(tables.url, autumn2026);
      theirs = await stage.theirs(hasty);
      database = postgresDatabase(stage.url);
      const { store, bus } = database;
      const readCoordinators: typeof store.readCoordinators = (maxAge) =>
        store.readCoordinators(maxAge).pipe(tap({ complete: () => asked$.next() }));
      ours = stage.ours({ database: { store: { ...store, readCoordinators }, bus }, tuning });
      await Promise.all([eventuallyLive(ours, ours.id, theirs.id), theirs.eventuallyHears(ours.id)]);
      // Asked about who has just been heard: long before the next look.
      await firstValueFrom(asked$.pipe(timeout({ first: 5_000 })));
    });
    afterEach(async () => {
      await ours.close();
      await lastValueFrom(database.close(), { defaultValue: undefined });
      await stage[Symbol.asyncDispose]();
    });

    it('ours takes it for live while it is, and for gone when it was killed', async () => {
      const alices = stage.peer(ours, alice);
      alices.addTunnel(bob);
      const bobs = theirs.connect(bob);
      await bobs.updateDerp(1);
      await alices.eventuallyHasDerp(bob, 1);
      // What ends the connection that listens makes a gap, after which the database is asked who is live.
      const asked = firstValueFrom(asked$.pipe(timeout({ first: 10_000 })));
      await query(
        stage.url,
        `select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'tailnet-coordinator listen' and datname = current_database()`,
      );
      await asked;
      await bobs.updateDerp(2);
      await alices.eventuallyHasDerp(bob, 2);
      await alices.neverSees(bob, 'lost');
      await theirs.crash();
      await alices.eventuallyLost(bob);
    });

    it('the newer node of a peer counts, although it has not noticed that the peer has moved', async () => {
      const alices = stage.peer(ours, alice);
      alices.addTunnel(bob);
      const before = theirs.connect(bob);
      await before.updateDerp(1);
      await alices.eventuallyHasDerp(bob, 1);
      stage.peer(ours, bob).updateDerp(2);
      await alices.eventuallyHasDerp(bob, 2);
      await before.updateDerp(3);
      await alices.eventuallyHasDerp(bob, 3);
      await alices.neverSees(bob, 'lost');
    });

    it('a goodbye at ours spares what is live there, and reaches what it left behind when it was killed', async () => {
      const alices = stage.peer(ours, alice);
      alices.addTunnel(bob);
      const there = theirs.connect(bob);
      await there.updateDerp(1);
      await there.addTunnel(alice);
      const here = stage.peer(ours, bob);
      here.updateDerp(2);
      await alices.eventuallyHasDerp(bob, 2);
      await here.disconnect();
      await alices.eventuallyHasDerp(bob, 1);
      const rows = () =>
        query(
          stage.url,
          `select coordinator_id as at from tailnet_peers where id = $1
           union all select coordinator_id from tailnet_tunnels where src_id = $1`,
          [bob],
        );
      expect(await rows()).to.deep.equal([{ at: theirs.id }, { at: theirs.id }]);

      await theirs.crash();
      await alices.eventuallyLost(bob);
      const again = stage.peer(ours, bob);
      again.updateDerp(4);
      await alices.eventuallyHasDerp(bob, 4);
      await again.disconnect();
      await alices.eventuallyDisconnected(bob);
    });
  });
}
