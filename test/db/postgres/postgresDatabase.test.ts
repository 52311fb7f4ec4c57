import { Client } from 'pg';
import { postgresDatabase } from '../../../src/db/postgres/postgresDatabase.js';
import { busContract } from '../../../src/testing/contracts/busContract.js';
import { lastOf } from '../../../src/testing/contracts/lastOf.js';
import { storeContract } from '../../../src/testing/contracts/storeContract.js';
import { query } from '../../support/query.js';
import { migratedDatabase, type TestDatabase } from '../../support/testDatabase.js';

describe('postgresDatabase', () => {
  let database: TestDatabase;
  before(async () => (database = await migratedDatabase()));
  after(() => database.drop());

  storeContract('PostgreSQL', async () => {
    await query(database.url, 'truncate tailnet_coordinators cascade');
    const tested = postgresDatabase(database.url);
    return {
      store: tested.store,
      bus: tested.bus,
      age: async (hours) => {
        const client = new Client({ connectionString: database.url });
        await client.connect();
        try {
          const age = `interval '${hours} hours'`;
          await client.query(`update tailnet_coordinators set heartbeat_at = heartbeat_at - ${age}`);
          await client.query(`update tailnet_peers set updated_at = updated_at - ${age}`);
          await client.query(`update tailnet_tunnels set updated_at = updated_at - ${age}`);
        } finally {
          await client.end();
        }
      },
      close: () => lastOf(tested.close()),
    };
  });

  busContract('PostgreSQL', () => {
    const here = postgresDatabase(database.url);
    const there = postgresDatabase(database.url);
    return Promise.resolve({
      bus: here.bus,
      other: there.bus,
      interrupt: async () => {
        await query(
          database.url,
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and application_name = 'tailnet-coordinator listen'`,
        );
      },
      close: async () => {
        await lastOf(here.close());
        await lastOf(there.close());
      },
    });
  });
});
