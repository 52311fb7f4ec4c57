import { expect } from 'chai';
import pg from 'pg';
import {
  type Observable,
  ReplaySubject,
  defer,
  filter,
  firstValueFrom,
  lastValueFrom,
  map,
  merge,
  race,
  repeat,
  take,
  tap,
} from 'rxjs';
import { composeBindingHint, readBindingHint } from '../../src/db/bindingHint.js';
import { type BusEvent, channels } from '../../src/db/bus.js';
import type { Database } from '../../src/db/database.js';
import { postgresDatabase } from '../../src/db/postgres/postgresDatabase.js';
import type { BindingWrite } from '../../src/db/store.js';
import { alice, bob, carol, dave, eve, memoryDatabase, nameOf, north } from '../../src/testing/index.js';
import { hidden, sealOf, secretsFrom } from '../../src/db/postgres/hintSeal.js';
import { lastOf } from '../../src/testing/contracts/lastOf.js';
import { uuidToBytes } from '../../src/proto/uuid.js';
import { query } from '../support/query.js';
import { migratedDatabase } from '../support/testDatabase.js';

const node = (peerId: string): BindingWrite => ({ kind: 'node', peerId, node: Uint8Array.of(1, 2) });

/** Whose rows a hint holds, if a coordinator has put them in. */
const believed = ({ payload, sealed = () => undefined }: Extract<BusEvent, { kind: 'message' }>): readonly string[] => {
  const hint = readBindingHint(payload, sealed);
  return hint?.open() === undefined ? [] : hint.peerIds;
};

/** The row of alice as a coordinator tells of it that knows this secret: `seal,time,peer,hidden`. */
const sealedBy = (secret: Buffer) => {
  const secrets = secretsFrom(secret);
  const hint = composeBindingHint(north, [{ peerId: alice, node: Uint8Array.of(1, 2) }]);
  const text = `1,${hint?.peers ?? ''},${hidden(secrets, hint?.rows ?? Uint8Array.of())}`;
  return { seal: sealOf(secrets.forSeal, text).toString('hex'), text };
};

/** What is heard, as `A: binding alice,bob` or `A: peer alice`, with a letter for each sender. */
const heardOn = ({ bus }: Database) => {
  const events: string[] = [];
  const heard$ = new ReplaySubject<unknown>(1);
  const senders: (number | undefined)[] = [];
  const letterOf = (sender: number | undefined) => {
    if (!senders.includes(sender)) senders.push(sender);
    return sender === undefined ? 'nobody' : String.fromCharCode(65 + senders.indexOf(sender));
  };
  const describe = (name: 'binding' | 'peer', event: BusEvent): string => {
    if (event.kind === 'gap') return 'gap';
    const peerIds = name === 'binding' ? believed(event) : [event.payload];
    return `${letterOf(event.sender)}: ${name} ${peerIds.map(nameOf).join()}`;
  };
  const subscription = merge(
    ...(['binding', 'peer'] as const).map((name) =>
      bus.listen$(channels[name]).pipe(map((event) => describe(name, event))),
    ),
  )
    .pipe(tap((event) => events.push(event)))
    .subscribe(heard$);
  return {
    events,
    until: (condition: () => boolean) => firstValueFrom(heard$.pipe(filter(condition))),
    stop: () => subscription.unsubscribe(),
  };
};

/** Rows go out before the hints that they stand for, by the same sender: else nobody could tell what those still say. */
const announcesRowsFirst = async (database: Database): Promise<void> => {
  const { store } = database;
  const write = (...writes: readonly BindingWrite[]) =>
    lastOf(store.writeBindings({ coordinatorId: north, expiry: 60_000 }, writes));
  await lastOf(store.heartbeat(north));
  const heard = heardOn(database);
  try {
    await heard.until(() => heard.events.length === 2);
    const tellsOfRows = async (): Promise<boolean> => {
      const from = heard.events.length;
      await write(node(eve));
      await heard.until(() => heard.events.slice(from).some((event) => event.endsWith('peer eve')));
      return heard.events.slice(from).some((event) => event.endsWith('binding eve'));
    };
    // PostgreSQL begins when it has read by which secret.
    while (!(await tellsOfRows()));
    const from = heard.events.length;
    await write(node(alice));
    await write(node(alice), node(bob));
    await write({ kind: 'lost', peerId: alice, node: Uint8Array.of(1) }, node(bob));
    await write(...[alice, bob, carol, dave, eve].map(node));
    await heard.until(() => heard.events.length >= from + 12);
    const events = heard.events.slice(from);
    const [one, two, three, many] = [events.slice(0, 2), events.slice(2, 5), events.slice(5, 7), events.slice(7)];
    const sender = (text = ''): string => text.slice(0, 1);
    expect(one).to.deep.equal([`${sender(one[0])}: binding alice`, `${sender(one[0])}: peer alice`]);
    expect(two[0]).to.match(/binding (alice,bob|bob,alice)$/);
    expect(two.slice(1).toSorted()).to.deep.equal([alice, bob].map((id) => `${sender(two[0])}: peer ${nameOf(id)}`));
    // With other writes beside them, and where there are many, it is not worth it.
    for (const event of [...three, ...many]) expect(event).to.match(/: peer /);
  } finally {
    heard.stop();
  }
};

const noSecret =
  'hints hold no rows: this role may not read tailnet_coordinator_secret, or the owner of the tables has not made it';

/** Emits when a row that somebody sealed by this secret was believed. */
const heardSealedBy = (secret: Buffer, url: string, heard: ReturnType<typeof heardOn>): Observable<unknown> =>
  defer(async () => {
    const { seal, text } = sealedBy(secret);
    const isBelieved = () => heard.events.some((event) => event.endsWith('binding alice'));
    const before = heard.events.length;
    await query(url, `select pg_notify($1, $2), pg_notify('tailnet_peer_update', $3)`, [
      ...[channels.binding, `${seal},${text}`, bob],
    ]);
    await heard.until(() => heard.events.slice(before).some((event) => event.endsWith('peer bob')) || isBelieved());
    return isBelieved();
  }).pipe(repeat(), filter(Boolean), take(1));

describe('rows that are announced', () => {
  it('are believed only from who can read the secret', async () => {
    await using empty = await migratedDatabase();
    const database = postgresDatabase(empty.url);
    const heard = heardOn(database);
    try {
      await heard.until(() => heard.events.length === 2);
      const forge = (payload: string) =>
        query(empty.url, `select pg_notify($1, $2), pg_notify('tailnet_peer_update', $3)`, [
          ...[channels.binding, payload, bob],
        ]);
      const [row] = await query<{ secret: Buffer }>(empty.url, 'select secret from tailnet_coordinator_secret');
      const secret = row?.secret ?? Buffer.alloc(0);
      const { seal, text } = sealedBy(secret);
      const sealedAgain = (other: string): string =>
        `${sealOf(secretsFrom(secret).forSeal, other).toString('hex')},${other}`;
      const hiddenRows = text.slice(text.lastIndexOf(',') + 1);
      const isHeard = async (payload: string): Promise<boolean> => {
        const from = heard.events.length;
        await forge(payload);
        await heard.until(() => heard.events.slice(from).some((event) => event.endsWith('peer bob')));
        return heard.events.slice(from).some((event) => /: binding ./.test(event));
      };
      while (!(await isHeard(`${seal},${text}`)));
      for (const forged of [
        ...[`1,${alice}`, hiddenRows, text, `${seal},${hiddenRows}`, `${seal},`, `${seal},,`],
        ...[`${'0'.repeat(64)},${text}`, `${'x'.repeat(64)},${text}`],
        `${seal},2${text.slice(1)}`,
        `${seal},${text.replace(alice, carol)}`,
        ...['', 'AQI=', hiddenRows.slice(0, 24)].map((rows) => sealedAgain(`1,${alice},${rows}`)),
        sealedAgain(`*,${hiddenRows}`),
        `${seal},${text.slice(0, -8)}${text.slice(-4)}`,
        // The same in Latin-1, where the upper half of a character is cut off.
        `${seal},${text.slice(0, -8)}${String.fromCharCode(text.charCodeAt(text.length - 8) + 256)}${text.slice(-7)}`,
        `${seal.slice(2)},${text}`,
        `${seal}${text}`,
        seal,
        '',
      ]) {
        expect(await isHeard(forged), forged).to.equal(false);
      }
      expect(await isHeard(`${seal},${text}`)).to.equal(true);
    } finally {
      heard.stop();
      await lastValueFrom(database.close(), { defaultValue: undefined });
    }
  });

  it('say nothing to who listens and cannot read the secret', async () => {
    await using empty = await migratedDatabase();
    const database = postgresDatabase(empty.url);
    const heard = heardOn(database);
    const stranger = new pg.Client(empty.url);
    const overheard: string[] = [];
    stranger.on('notification', ({ payload = '' }) => overheard.push(payload));
    const secret = Buffer.from('the node of alice');
    try {
      await stranger.connect();
      await stranger.query(`listen ${channels.binding}`);
      await heard.until(() => heard.events.length === 2);
      await lastOf(database.store.heartbeat(north));
      while (!heard.events.some((event) => event.endsWith('binding alice'))) {
        const from = heard.events.length;
        const write = { kind: 'node', peerId: alice, node: secret } as const;
        await lastOf(database.store.writeBindings({ coordinatorId: north, expiry: 60_000 }, [write]));
        await heard.until(() => heard.events.slice(from).some((event) => event.endsWith('peer alice')));
      }
      await stranger.query('select 1');
      expect(overheard).to.have.length.above(0);
      for (const payload of overheard) {
        const bytes = Buffer.from(payload.split(',').at(-1) ?? '', 'base64').toString('latin1');
        for (const text of [payload, bytes]) {
          expect(text).not.to.contain(secret.toString());
          expect(text).not.to.contain(secret.toString('base64'));
          // At which coordinator she is, is for those only who may read the tables. Her id is on the other channel anyway.
          expect(text).not.to.contain(north);
          expect(text).not.to.contain(Buffer.from(uuidToBytes(north)).toString('latin1'));
        }
        expect(bytes.length).to.be.above(secret.length);
      }
    } finally {
      await stranger.end();
      heard.stop();
      await lastValueFrom(database.close(), { defaultValue: undefined });
    }
  });

  it('are left out where the secret cannot be read', async () => {
    await using empty = await migratedDatabase();
    await query(empty.url, 'drop table tailnet_coordinator_secret');
    const lines: string[] = [];
    const told$ = new ReplaySubject<void>(1);
    const note = (...args: readonly unknown[]): void => {
      lines.push(String(args.at(-1)));
      told$.next();
    };
    const database = postgresDatabase(empty.url, { logger: { warn: note, info: note } });
    const heard = heardOn(database);
    try {
      await firstValueFrom(told$);
      await lastOf(database.store.heartbeat(north));
      await lastOf(database.store.writeBindings({ coordinatorId: north, expiry: 60_000 }, [node(alice)]));
      await heard.until(() => heard.events.length === 3);
      expect(heard.events[2]).to.match(/: peer alice$/);
      expect(lines).to.deep.equal([noSecret]);
    } finally {
      heard.stop();
      await lastValueFrom(database.close(), { defaultValue: undefined });
    }
  });

  it('are left out, which is said, for as long as the secret cannot be read', async () => {
    await using empty = await migratedDatabase();
    await query(empty.url, 'alter table tailnet_coordinator_secret rename column secret to something');
    const told$ = new ReplaySubject<unknown>();
    const logger = { warn: () => undefined, info: (...args: readonly unknown[]) => told$.next(args.at(-1)) };
    const database = postgresDatabase(empty.url, { logger });
    const heard = heardOn(database);
    try {
      expect(await firstValueFrom(told$)).to.equal('the secret of hints cannot be read; trying again');
    } finally {
      heard.stop();
      await lastValueFrom(database.close(), { defaultValue: undefined });
    }
  });

  it('are left out where the secret is of somebody who does not own the tables', async () => {
    await using empty = await migratedDatabase();
    const role = `tailnet_test_${crypto.randomUUID().slice(0, 8)}`;
    const lines: string[] = [];
    const told$ = new ReplaySubject<void>(1);
    const note = (...args: readonly unknown[]): void => {
      lines.push(String(args.at(-1)));
      told$.next();
    };
    await query(
      empty.url,
      `create role ${role};
       grant create, usage on schema public to ${role};
       drop table tailnet_coordinator_secret;
       set role ${role};
       create table tailnet_coordinator_secret (secret bytea);
       insert into tailnet_coordinator_secret values ('known to somebody else');
       grant select on tailnet_coordinator_secret to public`,
    );
    const database = postgresDatabase(empty.url, { logger: { warn: note, info: note } });
    const heard = heardOn(database);
    try {
      await heard.until(() => heard.events.length === 2);
      await firstValueFrom(race(told$, heardSealedBy(Buffer.from('known to somebody else'), empty.url, heard)));
      expect(lines).to.deep.equal([noSecret]);
    } finally {
      heard.stop();
      await lastValueFrom(database.close(), { defaultValue: undefined });
      await query(empty.url, `drop owned by ${role}; drop role ${role}`);
    }
  });

  it('come before the hints that they stand for, from the memory database', () => announcesRowsFirst(memoryDatabase()));

  it('come before the hints that they stand for, from PostgreSQL', async () => {
    await using empty = await migratedDatabase();
    const database = postgresDatabase(empty.url);
    try {
      await announcesRowsFirst(database);
    } finally {
      await lastValueFrom(database.close(), { defaultValue: undefined });
    }
  });
});
