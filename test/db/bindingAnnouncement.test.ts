import { expect } from 'chai';
import { merge, map, take, toArray, lastValueFrom, ReplaySubject, filter, firstValueFrom } from 'rxjs';
import { readBindingHint } from '../../src/db/bindingHint.js';
import { channels } from '../../src/db/bus.js';
import type { Database } from '../../src/db/database.js';
import { postgresDatabase } from '../../src/db/postgres/postgresDatabase.js';
import type { BindingWrite } from '../../src/db/store.js';
import { alice, bob, carol, dave, eve, memoryDatabase, nameOf, north } from '../../src/testing/index.js';
import { lastOf } from '../../src/testing/contracts/lastOf.js';
import { migratedDatabase } from '../support/testDatabase.js';

const node = (peerId: string): BindingWrite => ({ kind: 'node', peerId, node: Uint8Array.of(1, 2) });

/** What is heard, as `binding alice,bob` or `peer alice`, with a letter for each sender, from when both are listened to. */
const heardOn = ({ bus }: Database) => {
  const listened$ = new ReplaySubject<string>();
  const senders: (number | undefined)[] = [];
  const letterOf = (sender: number | undefined) => {
    if (!senders.includes(sender)) senders.push(sender);
    return sender === undefined ? 'nobody' : 'ABC'.charAt(senders.indexOf(sender));
  };
  const events$ = merge(
    ...(['binding', 'peer'] as const).map((name) =>
      bus.listen$(channels[name]).pipe(
        map((event) => {
          if (event.kind === 'gap') return 'gap';
          const ids =
            name === 'peer'
              ? [event.payload]
              : (readBindingHint(event.payload)?.nodes ?? []).map(({ peerId }) => peerId);
          return `${letterOf(event.sender)}: ${name} ${ids.map(nameOf).join()}`;
        }),
      ),
    ),
  );
  const subscription = events$.subscribe(listened$);
  const gaps$ = listened$.pipe(
    filter((event) => event === 'gap'),
    take(2),
    toArray(),
  );
  return {
    listening: firstValueFrom(gaps$),
    first: (count: number) =>
      lastValueFrom(
        listened$.pipe(
          filter((event) => event !== 'gap'),
          take(count),
          toArray(),
        ),
      ),
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
    await heard.listening;
    await write(node(alice));
    await write(node(alice), node(bob));
    await write({ kind: 'lost', peerId: alice, node: Uint8Array.of(1) }, node(bob));
    await write(...[alice, bob, carol, dave, eve].map(node));
    const events = await heard.first(12);
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

describe('rows that are announced', () => {
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
