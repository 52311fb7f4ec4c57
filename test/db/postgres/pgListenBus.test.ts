import { expect } from 'chai';
import { Observable, Subject, firstValueFrom } from 'rxjs';
import { channels } from '../../../src/db/bus.js';
import { StoreError } from '../../../src/db/store.js';
import { pgListenBus, type PgListenBusOptions } from '../../../src/db/postgres/pgListenBus.js';
import { hear } from '../../../src/testing/contracts/hear.js';
import { lastOf } from '../../../src/testing/contracts/lastOf.js';
import { privateServer, type PrivateServer } from '../../support/privateServer.js';
import { query } from '../../support/query.js';
import { testDatabase, type TestDatabase } from '../../support/testDatabase.js';

describe('pgListenBus', () => {
  let database: TestDatabase;
  /** Marks the connections of one test. */
  let name: string;
  let bus: ReturnType<typeof pgListenBus>;

  before(async () => (database = await testDatabase()));
  after(() => database.drop());
  afterEach(() => lastOf(bus.close()));

  const open = (options: PgListenBusOptions = {}, url = database.url) => {
    name = `bus ${crypto.randomUUID()}`;
    bus = pgListenBus({ connectionString: url, application_name: name }, { random: () => 0, ...options });
    return bus;
  };
  /** The process ids of the connections that ever listened: those that publish only have other last statements. */
  const listening = async (): Promise<number[]> =>
    (
      await query<{ pid: number }>(
        database.url,
        `select pid from pg_stat_activity where application_name = $1 and query not like '%pg_notify%'`,
        [name],
      )
    ).map(({ pid }) => pid);
  /** The server needs a moment to see that a connection has ended; nothing tells when. */
  const untilListening = async (count: number): Promise<void> => {
    while ((await listening()).length !== count);
  };
  const kill = () =>
    query(database.url, 'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1', [name]);
  const publish = (channel: string, ...payloads: string[]) => lastOf(bus.publish(channel, payloads));

  it('makes no connection before somebody listens, one for all, and ends it after the last', async () => {
    open();
    expect(await listening()).to.deep.equal([]);
    const all = [await hear(bus, 'one'), await hear(bus, 'one'), await hear(bus, 'two')];
    expect(await listening()).to.have.length(1);
    for (const hearing of all) hearing.stop();
    await untilListening(0);
  });

  it('learns the secret once at a time, and not when nobody listens for rows any more', async () => {
    let learners = 0;
    const seal = {
      ...{ isLearnt: false, hide: () => undefined, read: () => undefined },
      learn$: new Observable<never>(() => {
        learners += 1;
        return () => (learners -= 1);
      }),
    };
    open({ seal });
    const other = await hear(bus, 'one');
    for (let i = 0; i < 3; i++) {
      const rows = await hear(bus, channels.binding);
      expect(learners).to.equal(1);
      rows.stop();
      expect(learners).to.equal(0);
    }
    other.stop();
  });

  it('leaks no connection when listeners leave while it connects', async () => {
    open();
    for (let i = 0; i < 20; i++) bus.listen$('one').subscribe().unsubscribe();
    const left = [bus.listen$('one').subscribe(), bus.listen$('two').subscribe()];
    await firstValueFrom(bus.listen$('one'));
    for (const subscription of left) subscription.unsubscribe();
    await untilListening(0);
  });

  it('says gap on a channel that comes later, and not again on the others', async () => {
    open();
    const one = await hear(bus, 'one');
    const two = await hear(bus, 'two');
    await publish('two', 'hello');
    expect(await two.next()).to.equal('hello');
    await one.untilNow();
    expect([one.gaps, two.gaps]).to.deep.equal([1, 1]);
  });

  it('says "listening now" at once to whoever joins a channel that is listened to', async () => {
    open();
    await hear(bus, 'one');
    const events: unknown[] = [];
    bus
      .listen$('one')
      .subscribe((event) => events.push(event))
      .unsubscribe();
    expect(events).to.deep.equal([{ kind: 'gap' }]);
  });

  it('listens on channels with unusual names', async () => {
    open();
    const channel = 'Strange "channel", née; --';
    const alice = await hear(bus, channel);
    await publish(channel, 'hello');
    expect(await alice.next()).to.equal('hello');
  });

  it('no longer listens on a channel that everybody left, and hears it again when somebody comes back', async () => {
    open();
    const one = await hear(bus, 'one');
    for (let i = 0; i < 10; i++) {
      const two = await hear(bus, 'two');
      await publish('two', `hello ${i}`);
      expect(await two.next()).to.equal(`hello ${i}`);
      two.stop();
      await publish('two', 'nobody listens');
    }
    expect(await one.untilNow()).to.deep.equal([]);
    expect(await listening()).to.have.length(1);
  });

  it('refuses a payload that PostgreSQL does not take', async () => {
    open();
    const failed = await publish('one', 'x'.repeat(8000)).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(StoreError);
    expect((failed as StoreError).reason).to.equal('refused');
  });

  it('survives 20 kills: a gap after each, one connection in the end, and nothing lost after the last gap', async () => {
    open();
    const one = await hear(bus, 'one');
    const two = await hear(bus, 'two');
    for (let kills = 1; kills <= 20; kills++) {
      await kill();
      await Promise.all([one.gap(kills + 1), two.gap(kills + 1)]);
    }
    await publish('one', 'one');
    await publish('two', 'two');
    expect(await one.next()).to.equal('one');
    expect(await two.next()).to.equal('two');
    await untilListening(1);
    expect([one.gaps, two.gaps]).to.deep.equal([21, 21]);
  });

  it('lets listeners come and go while it has no connection', async () => {
    open();
    const one = await hear(bus, 'one');
    const two = await hear(bus, 'two');
    const broken = kill();
    two.stop();
    const three = await hear(bus, 'three');
    await broken;
    await one.gap(2);
    await publish('three', 'hello');
    expect(await three.next()).to.equal('hello');
  });

  it('tells those who still listen when it is closed, and whoever comes later', async () => {
    open();
    const ended = lastOf(bus.listen$('one')).catch((error: unknown) => error);
    await hear(bus, 'two').then((two) => two.stop());
    await lastOf(bus.close());
    await lastOf(bus.close());
    for (const error of [await ended, await lastOf(bus.listen$('one')).catch((late: unknown) => late)]) {
      expect(error).to.be.instanceOf(StoreError);
      expect((error as StoreError).reason).to.equal('unavailable');
    }
    await untilListening(0);
  });

  it('keeps on trying without an error when there is no server, and stops when nobody waits', async () => {
    const warned$ = new Subject<unknown>();
    const logger = { info: () => undefined, warn: (what: unknown) => warned$.next(what) };
    open({ logger }, 'postgres://nobody@127.0.0.1:1/nothing');
    const warned = firstValueFrom(warned$);
    const events: unknown[] = [];
    const subscription = bus.listen$('one').subscribe({ next: (e) => events.push(e), error: (e) => events.push(e) });
    expect(await warned).to.have.nested.property('err.cause.code', 'ECONNREFUSED');
    subscription.unsubscribe();
    expect(events).to.deep.equal([]);
  });

  describe('on a server that is mistreated', () => {
    let server: PrivateServer;
    beforeEach(async () => (server = await privateServer()));
    afterEach(() => server.close());

    for (const how of ['fast', 'immediate'] as const) {
      it(`hears again after the server was stopped (${how}) and started`, async () => {
        open({}, server.url);
        const one = await hear(bus, 'one');
        await server.stop(how);
        await server.restart();
        await one.gap(2);
        await publish('one', 'hello');
        expect(await one.next()).to.equal('hello');
      });
    }

    it('notices a server that is frozen, and hears again once it is thawed', async () => {
      const warned$ = new Subject<unknown>();
      const logger = { info: () => undefined, warn: (what: unknown) => warned$.next(what) };
      open({ checkPeriod: 250, checkTimeout: 200, logger }, server.url);
      const one = await hear(bus, 'one');
      const warned = firstValueFrom(warned$);
      server.freeze();
      expect(await warned).to.have.nested.property('err.message');
      server.thaw();
      await one.gap(2);
      await publish('one', 'hello');
      expect(await one.next()).to.equal('hello');
    });

    it('leaves a frozen server without waiting for it', async () => {
      open({}, server.url);
      const one = await hear(bus, 'one');
      server.freeze();
      one.stop();
      await lastOf(bus.close());
    });

    it('waits for a server that is not there yet', async () => {
      await server.stop();
      const warned$ = new Subject<unknown>();
      const logger = { info: () => undefined, warn: (what: unknown) => warned$.next(what) };
      open({ logger }, server.url);
      const warned = firstValueFrom(warned$);
      const listening = hear(bus, 'one');
      await warned;
      await server.restart();
      await listening;
    });
  });
});
