import { expect } from 'chai';
import { lastValueFrom } from 'rxjs';
import { openPools } from '../../../src/db/postgres/openPools.js';
import { query } from '../../support/query.js';
import { type TestDatabase, migratedDatabase } from '../../support/testDatabase.js';

describe('openPools', () => {
  let database: TestDatabase;

  before(async () => {
    database = await migratedDatabase();
  });
  after(() => database.drop());

  /** How many connections of six are left once they have had nothing to do for long enough. */
  const left = async (config: { readonly min?: number }, removed: number): Promise<number> => {
    const pools = openPools({ connectionString: database.url, idleTimeoutMillis: 1, ...config });
    try {
      const gone = new Promise<void>((resolve) => {
        let count = 0;
        pools.main.on('remove', () => {
          count += 1;
          if (count === removed) resolve();
        });
      });
      await Promise.all(Array.from({ length: 6 }, () => pools.main.query('select pg_sleep(0.05)')));
      await gone;
      // Whoever is to go goes in the same turn.
      await query(database.url, 'select 1');
      return pools.main.totalCount;
    } finally {
      await lastValueFrom(pools.close(), { defaultValue: undefined });
    }
  };

  it('keeps two connections, so that the first statement after a quiet time does not wait for one', async () => {
    expect(await left({}, 4)).to.equal(2);
  });

  it('keeps as many as the configuration says', async () => {
    expect(await left({ min: 0 }, 6)).to.equal(0);
    expect(await left({ min: 5 }, 1)).to.equal(5);
  });
});
