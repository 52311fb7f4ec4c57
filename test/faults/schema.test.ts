import { expect } from 'chai';
import pg from 'pg';
import { coordinatorProcess, mainProgram, coordinatorProgram } from '../processes/coordinatorProcess.js';
import { readMigrations } from '../../src/db/migrations.js';
import { query } from '../support/query.js';
import { migratedDatabase, testDatabase } from '../support/testDatabase.js';
import { together, waits } from './together.js';

const migrateProcess = (url: string) => coordinatorProgram([mainProgram, 'migrate', '--database-url', url]);

/** Names of migrations that are recorded as applied. */
const recorded = async (url: string): Promise<readonly unknown[]> =>
  (await query(url, 'select name from tailnet_coordinator_migrations')).map(({ name }) => name);

together('a database whose tables are not those of this version', () => {
  const wrong: readonly (readonly [how: string, sql: string, complaint: RegExp])[] = [
    [
      'ahead of it',
      `insert into tailnet_coordinator_migrations values ('9999_future', 'abc', now())`,
      /^error: the database is ahead of this version: it has the migration 9999_future, which is not known here; update first$/,
    ],
    [
      'migrated by other files',
      `update tailnet_coordinator_migrations set checksum = 'abc'`,
      /^error: the migration 0001_\w+ was applied with other contents: found checksum abc, expected [0-9a-f]{64}$/,
    ],
    [
      'recorded as there, but gone',
      'drop table tailnet_tunnels, tailnet_peers, tailnet_coordinators; drop type tailnet_status',
      /^error: the migrations are recorded as applied, but the tables are not there: restore them, or drop the table tailnet_coordinator_migrations$/,
    ],
    [
      'there in part',
      'drop table tailnet_tunnels',
      /^error: the database has some of the tables \(tailnet_coordinators, tailnet_peers\), but not tailnet_tunnels: restore/,
    ],
  ];
  for (const [how, sql, complaint] of wrong) {
    waits(`that is ${how}: serve and migrate say so in one line, and end with 1`, 2, async (arrange) => {
      await using database = await arrange(migratedDatabase);
      await query(database.url, sql);
      await arrange(async () => {
        await using serving = coordinatorProcess(database.url);
        await using migrating = migrateProcess(database.url);
        for (const program of [serving, migrating]) {
          expect(await program.ended).to.equal(1);
          expect(program.log()).to.match(complaint);
        }
      });
      return undefined;
    });
  }

  waits('because a migration was killed in its middle: the next one does it all', 6, async (arrange) => {
    await using database = await arrange(testDatabase);
    // Half of the migration is done when it wants to make this type, and has to wait.
    const blocker = new pg.Client(database.url);
    await blocker.connect();
    try {
      await blocker.query(`begin; create type tailnet_status as enum ('ok')`);
      await using killed = await arrange(() => Promise.resolve(migrateProcess(database.url)));
      await untilWaiting(database.url, 'transactionid');
      killed.signal('SIGKILL');
      await killed.ended;
      await using serving = coordinatorProcess(database.url);
      await untilWaiting(database.url, 'advisory');
      await blocker.query('rollback');
      await serving.listening;
      await serving.logs('"health":"healthy"');
      expect(await recorded(database.url)).to.have.length((await readMigrations()).length);
      await using again = migrateProcess(database.url);
      expect(await again.ended).to.equal(0);
      expect(again.log()).to.equal('nothing to do: the tables are up to date');
    } finally {
      await blocker.end();
    }
    return undefined;
  });

  waits('because only the record of migrations was made: serve makes the rest', 2, async (arrange) => {
    await using database = await arrange(testDatabase);
    await query(
      database.url,
      `create table tailnet_coordinator_migrations
         (name text not null primary key, checksum text not null, applied_at timestamptz not null)`,
    );
    await using serving = await arrange(() => Promise.resolve(coordinatorProcess(database.url)));
    await serving.listening;
    await serving.logs('"health":"healthy"');
    expect(await recorded(database.url)).to.have.length((await readMigrations()).length);
    return undefined;
  });
});

/** Waits until somebody in the database waits for a lock of this kind; mocha's timeout is the limit. */
const untilWaiting = async (url: string, kind: 'advisory' | 'transactionid'): Promise<void> => {
  for (;;) {
    const waiting = await query(
      url,
      `select from pg_locks join pg_stat_activity using (pid)
       where not granted and locktype = $1 and datname = current_database()`,
      [kind],
    );
    if (waiting.length > 0) return;
  }
};
