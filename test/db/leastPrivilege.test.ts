import { expect } from 'chai';
import pg from 'pg';
import { lastValueFrom } from 'rxjs';
import type { Observable } from 'rxjs';
import { createCoordinator } from '../../src/coordinator.js';
import { migrate } from '../../src/db/migrate.js';
import { postgresStore } from '../../src/db/postgres/postgresStore.js';
import type { Store } from '../../src/db/store.js';
import { encodeNode } from '../../src/proto/node.js';
import { aNode, alice, bob, north, testPeer } from '../../src/testing/index.js';
import { query } from '../support/query.js';
import { migratedDatabase, type TestDatabase } from '../support/testDatabase.js';

const tables = ['tailnet_coordinators', 'tailnet_peers', 'tailnet_tunnels'] as const;
const privileges = ['select', 'insert', 'update', 'delete'] as const;

const writer = { coordinatorId: north, expiry: 6000 };
const node = encodeNode(aNode({ of: alice }));

/** All that a coordinator ever asks of its database, but for listening. */
const everything: Readonly<Record<string, (store: Store) => Observable<unknown>>> = {
  heartbeat: (store) => store.heartbeat(north),
  readCoordinators: (store) => store.readCoordinators(6000),
  writeBindings: (store) => store.writeBindings(writer, [{ kind: 'node', peerId: alice, node }]),
  writeTunnels: (store) =>
    store.writeTunnels(writer, {
      add: [{ src: alice, dst: bob }],
      remove: [{ src: bob, dst: alice }],
      clear: [],
    }),
  loseBindings: (store) => store.loseBindings(north),
  readNeighbours: (store) => store.readNeighbours([alice]),
  readPairs: (store) => store.readPairs([[alice, bob]]),
  readBindings: (store) => store.readBindings([alice]),
  readOwnBindings: (store) => store.readOwnBindings(north),
  readOwnTunnels: (store) => store.readOwnTunnels(north, undefined, 10),
  cleanCoordinators: (store) => store.cleanCoordinators(),
  cleanLostBindings: (store) => store.cleanLostBindings(),
  cleanTunnels: (store) => store.cleanTunnels(),
};

describe('a role that has what migrate --grant gives', () => {
  const role = `tailnet_test_${crypto.randomUUID().slice(0, 8)}`;
  let database: TestDatabase;
  /** The database, for that role. */
  let url: string;

  before(async () => {
    database = await migratedDatabase();
    await query(database.url, `create role ${role} login password 'only for tests'`);
    const own = new URL(database.url);
    own.username = role;
    own.password = 'only for tests';
    url = own.href;
  });
  beforeEach(() => migrate(database.url, { grant: role }));
  after(async () => {
    await database.drop();
    await query(new URL('/postgres', database.url).href, `drop role ${role}`);
  });

  it('is enough for whole coordinators, from the check of the tables to the last goodbye', async () => {
    expect(await migrate(url)).to.deep.equal({ status: 'verified', applied: [] });
    const [here, there] = [createCoordinator({ database: url }), createCoordinator({ database: url })];
    const [alices, bobs] = [testPeer(here, alice), testPeer(there, bob)];
    alices.addTunnel(bob);
    bobs.updateDerp(3);
    await alices.eventuallyHasDerp(bob, 3);
    alices.updateDerp(4);
    await bobs.eventuallyHasDerp(alice, 4);
    bobs.readyForHandshake(alice);
    await alices.eventuallyReadyForHandshake(bob);
    await there.close();
    await alices.eventuallyLost(bob);
    await alices.disconnect();
    await here.close();
    expect(await query(database.url, 'select id, status from tailnet_peers')).to.deep.equal([
      { id: bob, status: 'lost' },
    ]);
  });

  it('lacks something without any single one of its rights: none is too many', async () => {
    for (const table of tables) {
      for (const privilege of privileges) {
        await query(database.url, `revoke ${privilege} on ${table} from ${role}`);
        await query(database.url, 'insert into tailnet_coordinators values ($1, now()) on conflict do nothing', [
          north,
        ]);
        const store = postgresStore(url);
        const refused: string[] = [];
        for (const [name, call] of Object.entries(everything)) {
          const outcome: unknown = await lastValueFrom(call(store), { defaultValue: undefined }).catch(
            (error: unknown) => error,
          );
          if (outcome instanceof Error) {
            expect(outcome.message).to.contain('permission denied');
            refused.push(name);
          }
        }
        await lastValueFrom(store.close(), { defaultValue: undefined });
        await query(database.url, `grant ${privilege} on ${table} to ${role}`);
        expect(refused, `without ${privilege} on ${table}`).not.to.be.empty;
      }
    }
  });

  describe('may not', () => {
    let owner: pg.Client;
    before(async () => {
      owner = new pg.Client(database.url);
      await owner.connect();
      await owner.query(
        `create table other_things (secret text);
         create function other_deed() returns text security definer language sql as $$ select 'done' $$;
         revoke execute on function other_deed from public`,
      );
    });
    after(() => owner.end());

    const deeds: Readonly<Record<string, string>> = {
      'empty a table at a stroke': 'truncate tailnet_peers',
      'drop a table': 'drop table tailnet_tunnels',
      'change a table': 'alter table tailnet_peers add column more text',
      'add an index': 'create index on tailnet_peers (updated_at)',
      'add a trigger':
        'create trigger spy after insert on tailnet_peers for each row execute function suppress_redundant_updates_trigger()',
      'own a table': `alter table tailnet_peers owner to ${role}`,
      'create a table': 'create table public.more (id int)',
      'create a type': `create type public.more as enum ('a')`,
      'create a function': 'create function public.more() returns int language sql as $$ select 1 $$',
      'create a schema': 'create schema more',
      'create an extension': 'create extension pgcrypto',
      'create a role': 'create role more_of_us',
      'create a database': 'create database more',
      'become its owner': 'set role OWNER',
      'read what was migrated': 'select * from tailnet_coordinator_migrations',
      'change what was migrated': 'delete from tailnet_coordinator_migrations',
      'read other tables': 'select * from other_things',
      'call functions that are not for all': 'select other_deed()',
      'read passwords': 'select rolpassword from pg_authid',
      'read files of the server': `select pg_read_file('/etc/passwd')`,
      'write files of the server': `copy (select 1) to '/tmp/tailnet-spy'`,
      'run programs of the server': `copy (select 1) to program 'true'`,
      'change the server': `alter system set log_statement = 'all'`,
      'end the sessions of others': 'select pg_terminate_backend(SESSION)',
    };
    for (const [name, deed] of Object.entries(deeds)) {
      it(name, async () => {
        const { rows } = await owner.query<{ pid: number; name: string }>(
          'select pg_backend_pid() as pid, quote_ident(current_user) as name',
        );
        const sql = deed.replace('SESSION', String(rows[0]?.pid)).replace('OWNER', String(rows[0]?.name));
        const outcome: unknown = await query(url, sql).catch((error: unknown) => error);
        expect(outcome, name).to.be.instanceOf(Error).that.has.property('code', '42501');
      });
    }
  });

  it('may do to the rows of the three tables what it likes, and announce it: so its password is worth guarding', async () => {
    await query(url, 'delete from tailnet_coordinators');
    await query(url, `insert into tailnet_coordinators values ('${north}', now())`);
    await query(url, `select pg_notify('tailnet_peer_update', '${alice}')`);
  });
});
