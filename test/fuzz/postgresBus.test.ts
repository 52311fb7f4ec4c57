import { expect } from 'chai';
import { Client } from 'pg';
import { filter, firstValueFrom } from 'rxjs';
import { createCoordinator } from '../../src/coordinator.js';
import { alice, bob, testPeer } from '../../src/testing/index.js';
import { chance } from '../support/chance.js';
import { logbook } from '../streams/support/logbook.js';
import { migratedDatabase } from '../support/testDatabase.js';
import { draw } from './attempt.js';
import { corpusOf, foundOf } from './corpus.js';
import { channelAndPayload, hearing } from './hearing.js';

/** What PostgreSQL takes as a payload. */
const isPayload = (payload: string): boolean =>
  !payload.includes('\0') && !payload.includes('\ufffd') && Buffer.byteLength(payload) < 8000;

describe('strange notifications of PostgreSQL', () => {
  it('are lines in the log at most, and peers go on hearing of each other', async () => {
    await using database = await migratedDatabase();
    const book = logbook();
    await using coordinator = createCoordinator({ database: database.url, logger: book.logger });
    await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
    using alices = testPeer(coordinator, alice);
    using bobs = testPeer(coordinator, bob);
    alices.addTunnel(bob);
    bobs.updateDerp(1);
    await alices.eventuallyHasDerp(bob, 1);

    const input = draw(hearing);
    const luck = chance(20_240_401);
    const known = [...hearing.seeds, ...corpusOf(hearing.name), ...foundOf(hearing.name)];
    const inputs = [...known, ...Array.from({ length: 2000 }, () => input(luck))];
    const notifications = inputs.map(channelAndPayload).filter(([, payload]) => isPayload(payload));
    const client = new Client({ connectionString: database.url });
    await client.connect();
    const [names, payloads] = [0, 1].map((index) => notifications.map((notification) => notification[index]));
    await client.query(
      `select pg_notify(channel, payload) from unnest($1::text[], $2::text[]) as heard (channel, payload)`,
      [names, payloads],
    );
    await client.end();

    bobs.updateDerp(2);
    await alices.eventuallyHasDerp(bob, 2);
    await alices.neverSees(bob, 'lost');
    await alices.neverSees(bob, 'disconnected');
    await Promise.all([alices.neverClosed(), bobs.neverClosed()]);
    expect(new Set(book.lines.filter((line) => /^(error|fatal)/.test(line)))).to.deep.equal(
      new Set(['error notification not understood']),
    );
  });
});
