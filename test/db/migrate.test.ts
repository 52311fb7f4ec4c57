import { expect } from 'chai';
import { Client } from 'pg';
import { migrate, MigrationError } from '../../src/db/migrate.js';
import { readMigrations } from '../../src/db/migrations.js';
import { query } from '../support/query.js';
import { testDatabase, type TestDatabase } from '../support/testDatabase.js';

describe('migrate', () => {
  let database: TestDatabase;
  let url: string;
  let names: readonly string[];

  before(async () => (names = (await readMigrations()).map(({ name }) => name)));
  beforeEach(async () => {
    database = await testDatabase();
    url = database.url;
  });
  afterEach(() => database.drop());

  it('refuses what is no database before it connects to anything', async () => {
    for (const wrong of ['', 'foo', 'http://127.0.0.1/name', 'postgres://127.0.0.1:99999/name', undefined]) {
      const error: unknown = await migrate(wrong!).catch((refused: unknown) => refused);
      expect(error, String(wrong)).to.be.instanceOf(TypeError);
      expect((error as TypeError).message).to.contain(
        'connection: must be a URL like postgres://user:password@host:5432/name, a configuration, or a connection; in a password',
      );
    }
  });

  const refusal = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
    } catch (error) {
      expect(error).to.be.instanceOf(MigrationError);
      return (error as MigrationError).message;
    }
    throw new Error('expected a refusal');
  };
  const recorded = async () =>
    (await query<{ name: string }>(url, 'select name from tailnet_coordinator_migrations order by name')).map(
      ({ name }) => name,
    );
  /** What the catalog says about everything in the database but the record of migrations. */
  const dump = () =>
    query(
      url,
      `select class.relname, class.relkind, attribute.attname, format_type(atttypid, atttypmod), attnotnull,
         pg_get_expr(adbin, adrelid) as default, pg_get_indexdef(class.oid) as index,
         (select array_agg(pg_get_constraintdef(oid) order by conname) from pg_constraint where conrelid = class.oid) as constraints,
         (select array_agg(tgname order by tgname) from pg_trigger where tgrelid = class.oid and not tgisinternal) as triggers
       from pg_class as class
       join pg_attribute as attribute on attribute.attrelid = class.oid and attribute.attnum > 0
       left join pg_attrdef on adrelid = class.oid and adnum = attribute.attnum
       where class.relnamespace = 'public'::regnamespace and class.relname !~ '^tailnet_coordinator_(migrations|secret)'
       order by class.relname, attribute.attnum`,
    );

  /** As coder/coder makes them, written from their description. */
  const foreignTables = `
    create table tailnet_coordinators (id uuid primary key, heartbeat_at timestamptz not null);
    create type tailnet_status as enum ('ok', 'lost');
    create table tailnet_peers (
      id uuid not null, coordinator_id uuid not null, updated_at timestamptz not null, node bytea not null,
      status tailnet_status default 'ok'::tailnet_status not null, primary key (id, coordinator_id),
      foreign key (coordinator_id) references tailnet_coordinators (id) on delete cascade);
    create table tailnet_tunnels (
      coordinator_id uuid not null, src_id uuid not null, dst_id uuid not null, updated_at timestamptz not null,
      primary key (coordinator_id, src_id, dst_id),
      foreign key (coordinator_id) references tailnet_coordinators (id) on delete cascade);
    create index idx_tailnet_peers_coordinator on tailnet_peers (coordinator_id);`;

  it('makes the tables, and records that', async () => {
    expect(await migrate(url)).to.deep.equal({ status: 'migrated', applied: names });
    expect(await recorded()).to.deep.equal(names);
    const tables = await query<{ table_name: string }>(
      url,
      `select table_name from information_schema.tables where table_schema = 'public' order by table_name`,
    );
    expect(tables.map((row) => row.table_name)).to.deep.equal([
      'tailnet_coordinator_migrations',
      'tailnet_coordinator_secret',
      'tailnet_coordinators',
      'tailnet_peers',
      'tailnet_tunnels',
    ]);
  });

  it('has nothing to do the second time', async () => {
    await migrate(url);
    const before = await dump();
    expect(await migrate(url)).to.deep.equal({ status: 'current', applied: [] });
    expect(await dump()).to.deep.equal(before);
  });

  it('lets five run at once on one empty database', async () => {
    const results = await Promise.all(Array.from({ length: 5 }, () => migrate(url)));
    expect(results.map(({ status }) => status).sort()).to.deep.equal([
      'current',
      'current',
      'current',
      'current',
      'migrated',
    ]);
    expect(await recorded()).to.deep.equal(names);
  });

  it('takes a connection that is open already, and leaves it open', async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      expect((await migrate(client)).status).to.equal('migrated');
      const { rows } = await client.query<{ locks: string }>(
        `select count(*) as locks from pg_locks where locktype = 'advisory'
         and database = (select oid from pg_database where datname = current_database())`,
      );
      expect(rows[0]?.locks).to.equal('0');
    } finally {
      await client.end();
    }
  });

  it('works in the current schema of the session', async () => {
    await query(url, 'create schema mesh');
    const options = '-c search_path=mesh,public';
    expect((await migrate({ connectionString: url, options })).status).to.equal('migrated');
    expect((await migrate({ connectionString: url, options })).status).to.equal('current');
    const [row] = await query(url, `select to_regclass('mesh.tailnet_peers') is not null as there`);
    expect(row).to.deep.equal({ there: true });
    expect(await dump()).to.deep.equal([]);
    expect((await migrate(url)).status).to.equal('migrated');
  });

  it('adopts tables that are right, and changes nothing in them', async () => {
    await query(url, foreignTables);
    const before = await dump();
    const warnings: unknown[] = [];
    const logger = { info: () => undefined, warn: (...all: unknown[]) => void warnings.push(all[0]) };
    expect(await migrate(url, { logger })).to.deep.equal({ status: 'adopted', applied: names.slice(1) });
    expect(await dump()).to.deep.equal(before);
    expect(await recorded()).to.deep.equal(names);
    expect(warnings).to.deep.equal([{ missing_indexes: ['tailnet_tunnels (src_id)', 'tailnet_tunnels (dst_id)'] }]);
    expect((await migrate(url)).status).to.equal('current');
  });

  it('adopts tables with triggers and with further columns that fill themselves', async () => {
    await query(url, foreignTables);
    await query(
      url,
      `create function notify_peer() returns trigger language plpgsql as
         $$ begin perform pg_notify('tailnet_peer_update', new.id::text); return null; end $$;
       create trigger notify_peer after insert or update on tailnet_peers for each row execute function notify_peer();
       alter table tailnet_tunnels add column created_at timestamptz not null default now(), add column note text;`,
    );
    const before = await dump();
    expect((await migrate(url)).status).to.equal('adopted');
    expect(await dump()).to.deep.equal(before);
  });

  const differences: readonly [what: string, sql: string, message: string][] = [
    [
      'a column of another type',
      'alter table tailnet_peers alter column node type text using node::text',
      'tailnet_peers, column node: found text, expected bytea',
    ],
    [
      'a time without zone',
      'alter table tailnet_tunnels alter column updated_at type timestamp',
      'tailnet_tunnels, column updated_at: found timestamp without time zone, expected timestamp with time zone',
    ],
    [
      'a column that may be null',
      'alter table tailnet_peers alter column node drop not null',
      'tailnet_peers, column node: found nullable, expected not null',
    ],
    [
      'a column that is missing',
      'alter table tailnet_coordinators drop column heartbeat_at',
      'tailnet_coordinators, column heartbeat_at: found none, expected timestamp with time zone',
    ],
    [
      'a further column that must be given',
      'alter table tailnet_tunnels add column owner uuid not null',
      'tailnet_tunnels, column owner: found a required column, expected none of this name',
    ],
    [
      'another primary key',
      'alter table tailnet_tunnels drop constraint tailnet_tunnels_pkey, add primary key (src_id, dst_id)',
      'tailnet_tunnels, primary key: found (src_id, dst_id), expected (coordinator_id, src_id, dst_id)',
    ],
    [
      'no primary key',
      'alter table tailnet_peers drop constraint tailnet_peers_pkey',
      'tailnet_peers, primary key: found none, expected (id, coordinator_id)',
    ],
    [
      'no foreign key',
      'alter table tailnet_peers drop constraint tailnet_peers_coordinator_id_fkey',
      'tailnet_peers, foreign keys: found none, expected coordinator_id -> tailnet_coordinators(id) on delete cascade',
    ],
    [
      'a foreign key that does not cascade',
      `alter table tailnet_tunnels drop constraint tailnet_tunnels_coordinator_id_fkey,
       add foreign key (coordinator_id) references tailnet_coordinators (id)`,
      'tailnet_tunnels, foreign keys: found coordinator_id -> tailnet_coordinators(id), expected coordinator_id -> tailnet_coordinators(id) on delete cascade',
    ],
    [
      'a further status',
      `alter type tailnet_status add value 'asleep'`,
      'tailnet_peers, column status: found an enum of ok, lost, asleep, expected ok, lost',
    ],
  ];
  for (const [what, sql, message] of differences) {
    it(`refuses to adopt tables with ${what}, and says so`, async () => {
      await query(url, foreignTables);
      await query(url, sql);
      const before = await dump();
      expect(await refusal(migrate(url))).to.contain(message);
      expect(await dump()).to.deep.equal(before);
    });
  }

  it('refuses a database with only some of the tables', async () => {
    await query(url, foreignTables);
    await query(url, 'drop table tailnet_tunnels');
    expect(await refusal(migrate(url))).to.contain(
      'has some of the tables (tailnet_coordinators, tailnet_peers), but not tailnet_tunnels',
    );
  });

  it('refuses a view in the place of a table', async () => {
    await query(url, foreignTables);
    await query(
      url,
      'alter table tailnet_tunnels rename to elsewhere; create view tailnet_tunnels as select * from elsewhere',
    );
    expect(await refusal(migrate(url))).to.contain('tailnet_tunnels: found something else, expected a table');
  });

  it('leaves nothing behind when a migration fails', async () => {
    await query(url, `create type tailnet_status as enum ('on', 'off')`);
    expect(await refusal(migrate(url))).to.match(
      /^the migration 0001_\w+ failed: type "tailnet_status" already exists$/,
    );
    expect(await dump()).to.deep.equal([]);
    expect(await query(url, `select to_regclass('tailnet_coordinator_migrations') as made`)).to.deep.equal([
      { made: null },
    ]);
  });

  it('refuses a migration that was applied with other contents', async () => {
    await migrate(url);
    await query(url, `update tailnet_coordinator_migrations set checksum = 'abc'`);
    expect(await refusal(migrate(url))).to.match(
      /^the migration 0001_\w+ was applied with other contents: found checksum abc, expected [0-9a-f]{64}$/,
    );
  });

  it('refuses a database that is ahead of it', async () => {
    await migrate(url);
    await query(url, `insert into tailnet_coordinator_migrations values ('9999_future', 'abc', now())`);
    expect(await refusal(migrate(url))).to.equal(
      'the database is ahead of this version: it has the migration 9999_future, which is not known here; update first',
    );
  });

  it('refuses a database whose tables are gone although they are recorded', async () => {
    await migrate(url);
    await query(url, 'drop table tailnet_tunnels, tailnet_peers, tailnet_coordinators; drop type tailnet_status');
    expect(await refusal(migrate(url))).to.contain('recorded as applied, but the tables are not there');
  });

  it('makes them anew once the record is dropped, as that refusal advises', async () => {
    await migrate(url);
    const before = await dump();
    await query(url, 'drop table tailnet_peers, tailnet_tunnels, tailnet_coordinators; drop type tailnet_status');
    await refusal(migrate(url));
    await query(url, 'drop table tailnet_coordinator_migrations');
    expect(await migrate(url)).to.deep.equal({ status: 'migrated', applied: names });
    expect(await dump()).to.deep.equal(before);
  });

  it('says in one sentence that a database cannot be reached, without the password', async () => {
    const closed = new URL(url);
    closed.port = '1';
    closed.password = 'hunter2';
    const message = await refusal(migrate(closed.href));
    expect(message).to.match(/^cannot migrate: .*ECONNREFUSED/);
    expect(message).not.to.contain('hunter2');
  });

  describe('with a role that may not create anything', () => {
    const role = `tailnet "test" ${crypto.randomUUID()}`;
    const password = 'only for tests';
    const asRole = () => {
      const own = new URL(url);
      own.username = encodeURIComponent(role);
      own.password = encodeURIComponent(password);
      return own.href;
    };
    beforeEach(() => query(url, `create role "${role.replaceAll('"', '""')}" login password '${password}'`));
    afterEach(async () => {
      const quoted = `"${role.replaceAll('"', '""')}"`;
      await query(url, `drop owned by ${quoted}`);
      await query(url, `drop role ${quoted}`);
    });

    it('verifies the tables that another role made', async () => {
      await migrate(url, { grant: role });
      expect(await migrate(asRole())).to.deep.equal({ status: 'verified', applied: [] });
    });

    it('verifies tables that nobody recorded', async () => {
      await query(url, foreignTables);
      expect(await migrate(asRole())).to.deep.equal({ status: 'verified', applied: [] });
    });

    it('refuses when the tables are missing, and says who may help', async () => {
      expect(await refusal(migrate(asRole()))).to.equal(
        `the role "${role}" may not create tables, and finds none: migrate as their owner, with --grant for this role`,
      );
    });

    it('refuses tables that are wrong', async () => {
      await migrate(url, { grant: role });
      await query(url, 'alter table tailnet_peers alter column node drop not null');
      expect(await refusal(migrate(asRole()))).to.contain('column node: found nullable, expected not null');
    });

    it('grants that role nothing but the rows of the three tables and the secret, as often as one likes', async () => {
      await migrate(url, { grant: role });
      expect((await migrate(url, { grant: role })).status).to.equal('current');
      const may = await query<{ name: string; rights: string[] }>(
        url,
        `select relname as name, array_agg(privilege_type::text order by privilege_type) as rights
         from pg_class, aclexplode(relacl) where grantee = (select oid from pg_roles where rolname = $1)
         group by relname order by relname`,
        [role],
      );
      const rights = ['DELETE', 'INSERT', 'SELECT', 'UPDATE'];
      expect(may).to.deep.equal([
        { name: 'tailnet_coordinator_secret', rights: ['SELECT'] },
        { name: 'tailnet_coordinators', rights },
        { name: 'tailnet_peers', rights },
        { name: 'tailnet_tunnels', rights },
      ]);
    });

    it('refuses to grant what it may not pass on', async () => {
      await migrate(url, { grant: role });
      expect(await refusal(migrate(asRole(), { grant: 'pg_monitor' }))).to.match(
        /^cannot grant to role "pg_monitor": it still lacks SELECT on tailnet_coordinators, .*; migrate as the owner/,
      );
    });
  });

  it('refuses to grant to a role that does not exist, after it has migrated', async () => {
    const role = 'nobody"; drop table tailnet_peers; --';
    expect(await refusal(migrate(url, { grant: role }))).to.equal(
      `cannot grant to role "${role}": there is no such role; create it first (CREATE ROLE)`,
    );
    expect((await migrate(url)).status).to.equal('current');
  });
});
