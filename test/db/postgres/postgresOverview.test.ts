import { expect } from 'chai';
import { firstValueFrom, forkJoin, lastValueFrom, map } from 'rxjs';
import type { Overview } from '../../../src/db/overview.js';
import { postgresOverview } from '../../../src/db/postgres/postgresOverview.js';
import type { PostgresOverviewOptions } from '../../../src/db/postgres/postgresOverview.js';
import { StoreError } from '../../../src/db/store.js';
import { query } from '../../support/query.js';
import { migratedDatabase, type TestDatabase } from '../../support/testDatabase.js';

const [live, silent] = ['c0000000-0000-4000-8000-000000000001', 'c0000000-0000-4000-8000-000000000002'];
const [alice, bob] = ['a11ce000-0000-4000-8000-000000000001', 'b0b00000-0000-4000-8000-000000000002'];

describe('postgresOverview', () => {
  let database: TestDatabase;
  before(async () => {
    database = await migratedDatabase();
    await query(
      database.url,
      `insert into tailnet_coordinators values ('${live}', now()), ('${silent}', now() - interval '7 s')`,
    );
    await query(
      database.url,
      `insert into tailnet_peers values
        ('${alice}', '${live}', now() - interval '3 s', '', 'ok'),
        ('${alice}', '${silent}', now() - interval '9 s', '', 'ok'),
        ('${bob}', '${live}', now() - interval '5 s', '', 'lost')`,
    );
    await query(
      database.url,
      `insert into tailnet_tunnels values ('${live}', '${alice}', '${bob}', now() - interval '4 s')`,
    );
  });
  after(() => database.drop());

  const reading = async <T>(
    work: (read: () => Promise<Overview>) => Promise<T>,
    options?: PostgresOverviewOptions,
    url = database.url,
  ): Promise<T> => {
    const opened = postgresOverview(url, options);
    try {
      return await work(() => firstValueFrom(opened.read()));
    } finally {
      await lastValueFrom(opened.close(), { defaultValue: undefined });
    }
  };

  it('reads all there is, at one moment; who is at a silent coordinator is lost', async () => {
    const { readAt, ...rest } = await reading((read) => read());
    const ages = [
      ...rest.coordinators.map(({ heartbeatAt }) => heartbeatAt),
      ...rest.peers.map(({ writtenAt }) => writtenAt),
    ];
    for (const at of [readAt, ...ages]) expect(at).to.satisfy(Number.isSafeInteger);
    const [now] = await query<{ readonly now: Date }>(database.url, 'select now()');
    expect(readAt).to.be.within(now!.now.getTime() - 60_000, now!.now.getTime());
    const { coordinators, peers, tunnels } = rest;
    expect(coordinators.map(({ id, isLive }) => ({ id, isLive }))).to.deep.equal([
      { id: live, isLive: true },
      { id: silent, isLive: false },
    ]);
    const beat = coordinators[0]!.heartbeatAt;
    expect(
      peers.map(({ writtenAt, ...peer }) => ({ ...peer, age: Math.round((beat - writtenAt) / 1000) })),
    ).to.deep.equal([
      { id: alice, coordinatorId: live, status: 'ok', age: 3 },
      { id: alice, coordinatorId: silent, status: 'lost', age: 9 },
      { id: bob, coordinatorId: live, status: 'lost', age: 5 },
    ]);
    expect(
      tunnels.map(({ writtenAt, ...tunnel }) => ({ ...tunnel, age: Math.round((beat - writtenAt) / 1000) })),
    ).to.deep.equal([{ src: alice, dst: bob, coordinatorId: live, age: 4 }]);
    expect(rest.isPartial).to.equal(false);
  });

  it('says that it is a part, when there is more than it may read', async () => {
    const { isPartial, coordinators, peers, tunnels } = await reading((read) => read(), { maxRows: 2 });
    expect(isPartial).to.equal(true);
    expect([coordinators.length, peers.length, tunnels.length]).to.deep.equal([2, 2, 1]);
    expect(await reading((read) => read(), { maxRows: 3 })).to.include({ isPartial: false });
  });

  it('has one connection, which shows whose it is', async () => {
    const opened = postgresOverview(database.url);
    try {
      await firstValueFrom(forkJoin([opened.read(), opened.read(), opened.read()]).pipe(map(() => undefined)));
      const connections = await query(
        database.url,
        `select application_name from pg_stat_activity
          where datname = current_database() and pid <> pg_backend_pid()`,
      );
      expect(connections).to.deep.equal([{ application_name: 'tailnet-coordinator debug' }]);
    } finally {
      await lastValueFrom(opened.close(), { defaultValue: undefined });
    }
  });

  it('gives up after its time, and reads again when it can', async () => {
    const blocker = query(database.url, 'begin; lock table tailnet_peers in access exclusive mode; select pg_sleep(1)');
    await reading(
      async (read) => {
        let error: unknown;
        // The lock may take a moment to be there.
        while (error === undefined)
          error = await read().then(
            () => undefined,
            (failure: unknown) => failure,
          );
        expect(error).to.be.instanceOf(StoreError).that.includes({ reason: 'unavailable' });
        await blocker;
        expect((await read()).peers).to.have.length(3);
      },
      { statementTimeout: 100 },
    );
  });

  it('goes through a pooler: nothing is set for the session, and nothing prepared', async () => {
    expect((await reading((read) => read(), { isPooled: true })).peers).to.have.length(3);
  });

  it('is not opened for what is no database', () => {
    expect(() => postgresOverview('foo')).to.throw(TypeError, 'config: must be a URL like postgres://');
  });

  for (const maxRows of [0, -1, 1.5, NaN]) {
    it(`is not opened for ${maxRows} rows`, () => {
      expect(() => postgresOverview(database.url, { maxRows })).to.throw(
        RangeError,
        `maxRows must be a whole number above 0, got ${maxRows}`,
      );
    });
  }
});
