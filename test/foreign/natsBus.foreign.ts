import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { createAccount, createOperator, createUser, type KeyPair } from '@nats-io/nkeys';
import { expect } from 'chai';
import { pino } from 'pino';
import { defer, firstValueFrom, retry } from 'rxjs';
import { natsBus, type NatsBusOptions } from '../../src/db/nats/index.js';
import { StoreError } from '../../src/db/store.js';
import { busContract } from '../../src/testing/contracts/busContract.js';
import { hear } from '../../src/testing/contracts/hear.js';
import { lastOf } from '../../src/testing/contracts/lastOf.js';
import { temporaryDirectory } from '../cli/temporaryDirectory.js';
import { certificate } from '../support/certificate.js';
import { startNatsServer, type NatsServer } from './natsServer.js';

type NatsBus = ReturnType<typeof natsBus>;

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as NATS has them: of `subject`, signed by `issuer`. */
const tokenOf = (issuer: KeyPair, subject: KeyPair, type: string): string => {
  const claims = { jti: crypto.randomUUID(), iat: Math.floor(Date.now() / 1000), iss: issuer.getPublicKey() };
  const body = `${encoded({ typ: 'JWT', alg: 'ed25519-nkey' })}.${encoded({
    ...claims,
    sub: subject.getPublicKey(),
    nats: { type, version: 2, ...(type === 'user' ? unlimited : { limits: unlimited }) },
  })}`;
  return `${body}.${Buffer.from(issuer.sign(Buffer.from(body))).toString('base64url')}`;
};

const unlimited = { subs: -1, data: -1, payload: -1, conn: -1, leaf: -1, imports: -1, exports: -1, wildcards: true };

/** The configuration of a server that knows one account. */
const trusting = (operator: KeyPair, account: KeyPair): string =>
  [
    `operator: ${tokenOf(operator, operator, 'operator')}`,
    'resolver: MEMORY',
    `resolver_preload: { ${account.getPublicKey()}: ${tokenOf(operator, account, 'account')} }`,
  ].join('\n');

const credentialsOf = (user: KeyPair, account: KeyPair): string =>
  `-----BEGIN NATS USER JWT-----
${tokenOf(account, user, 'user')}
------END NATS USER JWT------

-----BEGIN USER NKEY SEED-----
${new TextDecoder().decode(user.getSeed())}
------END USER NKEY SEED------
`;

/** Notes what is said, fields and all. */
const logger = (logged: string[]) =>
  pino({ base: null, timestamp: false }, { write: (line) => logged.push((JSON.parse(line) as { msg: string }).msg) });

describe('natsBus', function () {
  this.timeout(60_000);

  let server: NatsServer;
  const opened: NatsBus[] = [];

  before(async () => (server = await startNatsServer()));
  after(() => server.stop());
  afterEach(async () => {
    for (const bus of opened.splice(0)) await lastOf(bus.close());
  });

  const open = (options: NatsBusOptions = {}, url = `nats://${server.host}`): NatsBus => {
    const bus = natsBus(url, options);
    opened.push(bus);
    return bus;
  };
  const failure = async (work: Promise<unknown>): Promise<StoreError> => {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(StoreError);
    return error as StoreError;
  };

  busContract('NATS', async () => {
    const own = await startNatsServer();
    const [bus, other] = [natsBus(`nats://${own.host}`), natsBus(`nats://${own.host}`)] as const;
    return {
      bus,
      other,
      interrupt: async () => {
        await own.stop();
        await own.start();
        // What is published is for who is connected; the other one is when it hears.
        await firstValueFrom(other.listen$('other'));
      },
      close: async () => {
        await lastOf(bus.close());
        await lastOf(other.close());
        await own.stop();
      },
    };
  });

  it('connects only when it is used, and says once that it cannot', async () => {
    const logged: string[] = [];
    const bus = open({ logger: logger(logged) }, 'nats://127.0.0.1:1');
    expect(logged).to.deep.equal([]);
    expect((await failure(lastOf(bus.publish('one', ['a'])))).message).to.match(/^(not|timeout)|Timeout/);
    expect(logged).to.deep.equal(['not connected to NATS; reconnecting']);
    expect((await failure(lastOf(bus.publish('one', ['a'])))).message).to.equal('not connected to NATS');
  });

  it('keeps prefixes apart', async () => {
    const [one, other] = [open(), open({}, `nats://${server.host}/other`)];
    const [here, there] = [await hear(one, 'one'), await hear(other, 'one')];
    await lastOf(one.publish('one', ['here']));
    expect(await here.next()).to.equal('here');
    expect(await there.untilNow()).to.deep.equal([]);
  });

  it('says gap once to each listener after the server was started again, and publishes again', async () => {
    await using own = await startNatsServer();
    const logged: string[] = [];
    const bus = open({ logger: logger(logged) }, `nats://${own.host}`);
    const [one, two] = [await hear(bus, 'one'), await hear(bus, 'two')];
    for (let restarts = 1; restarts <= 3; restarts++) {
      await own.stop();
      await failure(lastOf(bus.publish('one', ['lost'])));
      await own.start();
      await Promise.all([one.gap(restarts + 1), two.gap(restarts + 1)]);
      await lastOf(bus.publish('two', ['again']));
      expect(await two.next()).to.equal('again');
    }
    expect(await one.untilNow()).to.deep.equal([]);
    expect([one.gaps, two.gaps]).to.deep.equal([4, 4]);
    const both = ['not connected to NATS; reconnecting', 'connected to NATS again'];
    expect(logged).to.deep.equal([...both, ...both, ...both]);
  });

  it('waits for a server that is not there yet', async () => {
    await using own = await startNatsServer();
    await own.stop();
    const bus = open({}, `nats://${own.host}`);
    const hearing = hear(bus, 'one');
    await failure(lastOf(bus.publish('one', ['lost'])));
    await own.start();
    const one = await hearing;
    await lastOf(bus.publish('one', ['hello']));
    expect(await one.next()).to.equal('hello');
  });

  it('notices a server that stands still, and hears again when it goes on', async () => {
    await using own = await startNatsServer();
    const bus = open({ pingPeriod: 100, timeout: 500 }, `nats://${own.host}`);
    const one = await hear(bus, 'one');
    own.signal('SIGSTOP');
    const isPublished = () =>
      lastOf(bus.publish('other', ['a'])).then(
        () => true,
        () => false,
      );
    // The signal takes a moment to arrive.
    while (await isPublished());
    // At first it does not know; then it has given the connection up, and says so at once.
    while ((await failure(lastOf(bus.publish('one', ['lost'])))).message !== 'not connected to NATS');
    own.signal('SIGCONT');
    await one.gap(2);
    // What was still in its buffers counts as sent while nobody listened.
    expect(await one.untilNow()).to.deep.equal([]);
  });

  it('closes at once beside a server that stands still', async () => {
    await using own = await startNatsServer();
    const bus = open({}, `nats://${own.host}`);
    await hear(bus, 'one').then((one) => one.stop());
    own.signal('SIGSTOP');
    const publishing = failure(lastOf(bus.publish('one', ['lost'])));
    await lastOf(bus.close());
    expect((await publishing).message).to.equal('the bus was closed');
  });

  it('tells those who still listen when it is closed, and whoever comes later', async () => {
    const bus = open();
    await hear(bus, 'two').then((two) => two.stop());
    const ended = failure(lastOf(bus.listen$('one')));
    await lastOf(bus.close());
    await lastOf(bus.close());
    expect((await ended).message).to.equal('the bus was closed');
    expect((await failure(lastOf(bus.listen$('one')))).message).to.equal('the bus is closed');
    expect((await failure(lastOf(bus.publish('one', ['a'])))).message).to.equal('the bus is closed');
  });

  it('says what is no message of ours, and goes on', async () => {
    const logged: string[] = [];
    const bus = open({ logger: logger(logged) });
    const one = await hear(bus, 'one');
    const stranger = await connect({ servers: server.host });
    stranger.publish('tailnet.one', 'not JSON');
    await stranger.flush();
    await stranger.close();
    expect(await one.untilNow()).to.deep.equal([]);
    expect(logged).to.deep.equal(['message not understood']);
  });

  it('splits what is more than the server takes, and refuses a payload that is', async () => {
    using folder = temporaryDirectory();
    const config = join(folder.path, 'nats.conf');
    writeFileSync(config, 'max_payload: 1024\n');
    await using own = await startNatsServer(['--config', config]);
    const bus = open({}, `nats://${own.host}`);
    const one = await hear(bus, 'one');
    const payloads = Array.from({ length: 100 }, () => crypto.randomUUID());
    await lastOf(bus.publish('one', payloads));
    expect(await one.untilNow()).to.deep.equal(payloads);
    const error = await failure(lastOf(bus.publish('one', ['x'.repeat(1024)])));
    expect(error.reason).to.equal('refused');
    expect(error.message).to.equal('a payload of 1026 bytes is more than NATS takes, 1024');
  });

  it('says what the server does not let it do, and does it once it may', async () => {
    using folder = temporaryDirectory();
    const config = join(folder.path, 'nats.conf');
    const allow = (...subjects: readonly string[]): void => {
      const list = subjects.map((subject) => JSON.stringify(subject)).join(', ');
      const permissions = `{ publish: [${list}], subscribe: [${list}] }`;
      writeFileSync(config, `authorization { users: [{ user: alice, password: pw, permissions: ${permissions} }] }`);
    };
    allow('tailnet.one');
    await using own = await startNatsServer(['--config', config]);
    const bus = open({}, `nats://alice:pw@${own.host}`);
    const one = await hear(bus, 'one');
    const deaf = await failure(firstValueFrom(bus.listen$('two')));
    expect(deaf.message).to.equal('not heard of NATS: Permissions Violation for Subscription to "tailnet.two"');
    const dumb = await failure(lastOf(bus.publish('two', ['a'])));
    expect(dumb.message).to.equal('NATS does not let us publish to tailnet.two');
    expect([deaf.reason, dumb.reason]).to.deep.equal(['unavailable', 'unavailable']);
    await lastOf(bus.publish('one', ['hello']));
    expect(await one.next()).to.equal('hello');

    allow('tailnet.*');
    own.signal('SIGHUP');
    const mayListen$ = defer(() => bus.listen$('two')).pipe(retry({ delay: 20 }));
    await firstValueFrom(mayListen$);
    const two = await hear(bus, 'two');
    await lastOf(bus.publish('two', ['now']));
    expect(await two.next()).to.equal('now');
  });

  describe('shows who it is', () => {
    const reached = async (bus: NatsBus): Promise<void> => {
      const one = await hear(bus, 'one');
      await lastOf(bus.publish('one', ['hello']));
      expect(await one.next()).to.equal('hello');
    };

    it('by user and password, or by a token, of the URL, and never says them', async () => {
      for (const [words, credentials] of [
        [['--user', 'alice', '--pass', 'se/cret'], 'alice:se%2Fcret'],
        [['--auth', 'se/cret'], 'se%2Fcret'],
      ] as const) {
        await using own = await startNatsServer(words);
        const logged: string[] = [];
        await reached(open({ logger: logger(logged) }, `nats://${credentials}@${own.host}`));
        const wrong = open({ logger: logger(logged) }, `nats://${credentials}x@${own.host}`);
        await failure(lastOf(wrong.publish('one', ['a'])));
        expect(logged.length).to.be.greaterThan(0);
        expect(logged.join()).not.to.match(/se.{1,3}cret/);
      }
    });

    it('by a file of credentials, which is read anew when it connects again', async () => {
      const operator = createOperator();
      const account = createAccount();
      const user = createUser();
      using folder = temporaryDirectory();
      const config = join(folder.path, 'nats.conf');
      writeFileSync(config, trusting(operator, account));
      await using own = await startNatsServer(['--config', config]);
      let credentials = 'nothing of use';
      let isRead = false;
      const bus = open(
        {
          credentials: () => {
            isRead = true;
            return Buffer.from(credentials);
          },
        },
        `nats://${own.host}`,
      );
      await failure(lastOf(bus.publish('one', ['a'])));
      expect(isRead).to.equal(true);
      credentials = credentialsOf(user, account);
      await reached(bus);
    });

    it('over TLS, and not without it', async () => {
      const { cert, key } = await certificate();
      using folder = temporaryDirectory();
      const [certFile, keyFile] = [join(folder.path, 'cert.pem'), join(folder.path, 'key.pem')];
      writeFileSync(certFile, cert);
      writeFileSync(keyFile, key);
      await using own = await startNatsServer(['--tls', '--tlscert', certFile, '--tlskey', keyFile]);
      await reached(open({ tls: { ca: cert } }, `tls://${own.host}`));
      for (const strangers of [`tls://${own.host}`, `tls://${server.host}`]) {
        await failure(lastOf(open({}, strangers).publish('one', ['a'])));
      }
    });
  });
});
