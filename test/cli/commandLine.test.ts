import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect } from 'chai';
import { runCommandLine } from './runCommandLine.js';
import { builtCommand, runCommand } from './childProcess.js';

const oneKey =
  '--auth jwt needs one of --jwt-secret, --jwt-secret-file, --jwt-key-file and --jwt-jwks-url, and no second one';
const oneSigningKey =
  'a token needs one of --jwt-secret, --jwt-secret-file and --jwt-private-key-file, and no second one';
const uuid = '6b6df1ba-41b5-4b8f-a3f9-2f6f2d2c4bd3';

describe('the command line', () => {
  describe('refuses with one line and exit code 2', () => {
    const notAnUrl =
      "error: option '--database-url' is not a PostgreSQL URL. It looks like postgres://user:password@host:5432/name; " +
      'in a password, @ : / ? # % are written %40 %3A %2F %3F %23 %25.';
    const mistakes: readonly [string, string][] = [
      ['frob', `error: unknown command 'frob'`],
      ['serve --prot 1', `error: unknown option '--prot' (Did you mean --port?)`],
      ['serve now', `error: too many arguments for 'serve'. Expected 0 arguments but got 1.`],
      ['serve --port', `error: option '--port <port>' argument missing`],
      [
        'serve --port 65536',
        `error: option '--port <port>' argument '65536' is invalid. It is a whole number from 0 to 65535.`,
      ],
      [
        'serve --port 1e3',
        `error: option '--port <port>' argument '1e3' is invalid. It is a whole number from 0 to 65535.`,
      ],
      [
        'serve --max-tunnels 0',
        `error: option '--max-tunnels <n>' argument '0' is invalid. It is a whole number from 1 to 2147483647.`,
      ],
      [
        'serve --host http://x',
        `error: option '--host <host>' argument 'http://x' is invalid. It is a host name or an IP address.`,
      ],
      [
        'serve --allowed-origins https://app.example,app.example',
        `error: option '--allowed-origins <list>' argument 'https://app.example,app.example' is invalid. Not an origin: "app.example"; it looks like https://app.example.com, https://*.example.com, http://localhost:*, null or *.`,
      ],
      [
        'serve --trusted-proxies 10.0.0.1,10.0.0',
        `error: option '--trusted-proxies <list>' argument '10.0.0.1,10.0.0' is invalid. Not an address or range: "10.0.0"; it looks like 10.0.0.7, 10.0.0.0/8, 2001:db8::/32, loopback, linklocal or uniquelocal.`,
      ],
      [
        'serve --bus nats://user:secret@host:port',
        `error: option '--bus' is not a URL of NATS: it looks like nats://host:4222, or tls://user:password@one:4222,two:4222/prefix.`,
      ],
      ['serve --bus-credentials x', 'error: --bus-credentials is of use with --bus only'],
      [
        'serve --bus nats://host --bus-credentials nowhere.creds',
        `error: --bus-credentials: ENOENT: no such file or directory, open 'nowhere.creds'`,
      ],
      [
        'serve --bus nats://host --bus-credentials package.json',
        'error: --bus-credentials: there are no credentials of NATS in package.json',
      ],
      [
        'serve --base-path tailnet',
        `error: option '--base-path <path>' argument 'tailnet' is invalid. It looks like /tailnet.`,
      ],
      [
        'serve --base-path /tailnet?x',
        `error: option '--base-path <path>' argument '/tailnet?x' is invalid. It looks like /tailnet.`,
      ],
      [
        'serve --grpc-port x',
        `error: option '--grpc-port <port>' argument 'x' is invalid. It is a whole number from 0 to 65535, or none.`,
      ],
      [
        'serve --port 7500 --grpc-port 7500',
        'error: --port and --grpc-port are both 7500: each needs a port of its own',
      ],
      [
        'serve --grpc-port 7500 --metrics-port 7500',
        'error: --grpc-port and --metrics-port are both 7500: each needs a port of its own',
      ],
      ['serve --grpc-port none --max-concurrent-streams 5', 'error: --max-concurrent-streams is of use with gRPC only'],
      ['serve --no-v1 --v1-write-timeout 500', 'error: --v1-write-timeout is of use without --no-v1 only'],
      ['serve --no-v1 --v1-max-message-size 5', 'error: --v1-max-message-size is of use without --no-v1 only'],
      ['peer --url ws://localhost --tls-ca package.json', 'error: --tls-ca is of use with a URL wss: only'],
      [
        'peer --url wss://localhost --tls-cert package.json',
        'error: a certificate to show needs both --tls-cert and --tls-key',
      ],
      [
        'peer --url wss://localhost --tls-ca package.json',
        `error: option '--tls-ca': package.json holds no certificate in PEM`,
      ],
      [
        'peer --url wss://localhost --tls-ca /nowhere',
        `error: option '--tls-ca': ENOENT: no such file or directory, open '/nowhere'`,
      ],
      ['serve --tls-cert server.pem', 'error: TLS needs both --tls-cert and --tls-key'],
      ['serve --tls-client-ca ca.pem', 'error: TLS needs both --tls-cert and --tls-key'],
      [
        'serve --tls-cert /nowhere --tls-key package.json',
        `error: option '--tls-cert': ENOENT: no such file or directory, open '/nowhere'`,
      ],
      [
        'serve --base-path /a/../b',
        `error: option '--base-path <path>' argument '/a/../b' is invalid. It looks like /tailnet, without "." and "..".`,
      ],
      [
        'serve --base-path /a/%2E',
        `error: option '--base-path <path>' argument '/a/%2E' is invalid. It looks like /tailnet, without "." and "..".`,
      ],
      [
        'serve --ping-period 999',
        `error: option '--ping-period <ms>' argument '999' is invalid. It is a whole number from 1000 to 2147483647.`,
      ],
      [
        'serve --handshake-timeout 10',
        `error: option '--handshake-timeout <ms>' argument '10' is invalid. It is a whole number from 100 to 2147483647.`,
      ],
      [
        'serve --requests-per-second Infinity',
        `error: option '--requests-per-second <n>' argument 'Infinity' is invalid. It is a whole number from 1 to 2147483647, or none.`,
      ],
      ['serve --data-dir package.json', `error: option '--data-dir': ${resolve('package.json')} is no directory`],
      ['serve --data-dir package.json/a/b', `error: option '--data-dir': ${resolve('package.json')} is no directory`],
      [
        'serve --data-dir /proc/foo/bar',
        `error: option '--data-dir': ENOENT: no such file or directory, mkdir '/proc/foo'`,
      ],
      ['migrate --data-dir package.json', `error: option '--data-dir': ${resolve('package.json')} is no directory`],
      [
        'migrate --data-dir /proc/foo',
        `error: option '--data-dir': ENOENT: no such file or directory, mkdir '/proc/foo'`,
      ],
      ['status --data-dir package.json', `error: option '--data-dir': ${resolve('package.json')} is no directory`],
      ['serve --auth ldap', `error: option '--auth <how>' argument 'ldap' is invalid. It is none or jwt.`],
      ['serve --auth jwt', `error: ${oneKey}`],
      ['serve --auth jwt --jwt-secret x --jwt-key-file y', `error: ${oneKey}`],
      [
        'serve --auth jwt --jwt-secret hunter2',
        `error: option '--jwt-secret': a secret for HS256 must have 32 bytes at least, got 7`,
      ],
      [
        'serve --auth jwt --jwt-secret-file /nowhere',
        `error: option '--jwt-secret-file': cannot use the keys in /nowhere: ENOENT: no such file or directory, open '/nowhere'`,
      ],
      [
        'serve --auth jwt --jwt-key-file package.json',
        `error: option '--jwt-key-file': cannot use the keys in package.json: there is JSON that is no JWK`,
      ],
      [
        'serve --auth jwt --jwt-jwks-url http://issuer.example/keys',
        `error: option '--jwt-jwks-url': a JWKS URL must be https, or http on a loopback address: who is in between could exchange the keys`,
      ],
      [
        `serve --auth jwt --jwt-secret ${'s'.repeat(32)} --jwt-revocations /nowhere`,
        `error: option '--jwt-revocations': ENOENT: no such file or directory, open '/nowhere'`,
      ],
      [
        'serve --auth jwt --jwt-audience a,,b',
        `error: option '--jwt-audience <audience>' argument 'a,,b' is invalid. It is empty, or there is nothing between two commas.`,
      ],
      ['serve --jwt-key-file x', 'error: --jwt-key-file is of use with --auth jwt only'],
      ['serve --auth none --jwt-audience x', 'error: --jwt-audience is of use with --auth jwt only'],
      ['token', `error: required option '--sub <uuid>' not specified`],
      [`token --sub ${uuid}`, `error: ${oneSigningKey}`],
      [
        `token --sub ${uuid} --expires 1y`,
        `error: option '--expires <time>' argument '1y' is invalid. It looks like 30s, 15m, 12h or 7d.`,
      ],
      [
        `token --sub ${uuid} --expires 0s`,
        `error: option '--expires <time>' argument '0s' is invalid. It is longer than 0.`,
      ],
      [
        `token --sub ${uuid} --jwt-private-key-file package.json`,
        `error: option '--jwt-private-key-file': there is no private key in PEM without a passphrase, or as a JWK`,
      ],
      [
        `token --sub ${uuid} --jwt-secret ${'s'.repeat(32)} --role client`,
        'error: token claim "agent" must be the UUID of the agent to talk to, with the role client',
      ],
      ['peer --url ws://x --token nonsense', 'error: the token does not say whose it is: its claim "sub" is no UUID'],
      [
        'peer --url ws://x --token-file /nowhere',
        `error: option '--token-file': ENOENT: no such file or directory, open '/nowhere'`,
      ],
      [
        'serve --host 0.0.0.0',
        'error: --auth none lets everybody in who can reach 0.0.0.0: give --allow-unauthenticated if that is meant',
      ],
      [
        'serve --host ::',
        'error: --auth none lets everybody in who can reach ::: give --allow-unauthenticated if that is meant',
      ],
      ['serve --database-url mysql://a:secret@b/c', notAnUrl],
      ['migrate --database-url postgres://a:secret@b:port/c', notAnUrl],
      // Each is a URL, with a part of the password where it would be shown.
      ['status --database-url postgres://tailnet:1234/S3cret@127.0.0.1:5432/tailnet', notAnUrl],
      ['serve --database-url postgres://tailnet:p@ss/w#rd@127.0.0.1/tailnet', notAnUrl],
      ['migrate --database-url postgres://tailnet:12?S3cret@127.0.0.1/tailnet', notAnUrl],
      ['status --database-url postgres://tailnet:12?S3=cret@127.0.0.1/tailnet', notAnUrl],
      ['status --database-url postgres://tailnet:1/S3?c=ret@127.0.0.1/tailnet', notAnUrl],
      ['migrate --database-url postgres://tailnet@127.0.0.1/tailnet#S3cret', notAnUrl],
      [
        'status --database-url postgres://tailnet@127.0.0.1/tailnet?sslmod=require',
        `error: option '--database-url': there is no parameter sslmod; there is sslmode`,
      ],
      ['peer', `error: required option '--url <url>' not specified`],
      [
        'peer --url http://x',
        `error: option '--url <url>' argument 'http://x' is invalid. It looks like ws://host:7350.`,
      ],
      ['peer --url ws://x --id 7', `error: option '--id <uuid>' argument '7' is invalid. It is a UUID.`],
      [
        `peer --url ws://x --tunnel ${uuid},8`,
        `error: option '--tunnel <uuid>' argument '${uuid},8' is invalid. It is a UUID.`,
      ],
      [
        'peer --url ws://x --id 00000000-0000-0000-0000-000000000000',
        `error: option '--id <uuid>' argument '00000000-0000-0000-0000-000000000000' is invalid. It is not the nil UUID.`,
      ],
      [
        'peer --url ws://x --derp -1',
        `error: option '--derp <region>' argument '-1' is invalid. It is a whole number from 0 to 2147483647.`,
      ],
      ['status --verbose', `error: unknown option '--verbose'`],
    ];
    for (const [words, line] of mistakes) {
      it(words, async () => {
        expect(await run(words)).to.deep.equal({ exitCode: 2, out: '', error: `${line}\n` });
      });
    }
  });

  describe('reads the environment', () => {
    it('for every option', async () => {
      const { error, exitCode } = await run('serve', { TAILNET_PORT: 'x' });
      expect(error).to.equal(
        `error: option '--port <port>' value 'x' from env 'TAILNET_PORT' is invalid. It is a whole number from 0 to 65535.\n`,
      );
      expect(exitCode).to.equal(2);
    });

    it('and lets options win', async () => {
      const { error } = await run('serve --port y', { TAILNET_PORT: 'x' });
      expect(error).to.contain(`argument 'y' is invalid`);
    });

    it('and takes DATABASE_URL for the database, and TAILNET_DATABASE_URL before it', async () => {
      expect((await run('status', { DATABASE_URL: 'postgres://a:secret@127.0.0.1:1/b' })).error).to.contain(
        'the database postgres://a@127.0.0.1:1/b cannot be read: connect ECONNREFUSED',
      );
      expect((await run('status', { DATABASE_URL: 'postgres://a:secret@/b?host=127.0.0.1&port=1' })).error).to.contain(
        'the database postgres://a@/b?host=127.0.0.1&port=1 cannot be read: connect ECONNREFUSED',
      );
      const both = { DATABASE_URL: 'nonsense', TAILNET_DATABASE_URL: 'postgres://a@127.0.0.1:1/c' };
      expect((await run('status', both)).error).to.contain('the database postgres://a@127.0.0.1:1/c cannot be read');
    });

    it('and lets a key on the command line win over another one there', async () => {
      const { error } = await run('serve --auth jwt --jwt-key-file /nowhere', { TAILNET_JWT_SECRET: 's'.repeat(32) });
      expect(error).to.contain(`option '--jwt-key-file': cannot use the keys in /nowhere`);
      const { error: both } = await run('serve --auth jwt', { TAILNET_JWT_SECRET: 'x', TAILNET_JWT_KEY_FILE: 'y' });
      expect(both).to.equal(`error: ${oneKey}\n`);
    });

    it('and does not repeat a secret that is no good', async () => {
      const { error, exitCode } = await run('serve', { TAILNET_AUTH: 'jwt', TAILNET_JWT_SECRET: 'hunter2' });
      expect(error).not.to.contain('hunter2');
      expect(exitCode).to.equal(2);
    });

    it('and does not overlook that tokens were meant to be asked for', async () => {
      const { error, exitCode } = await run('serve', { TAILNET_JWT_SECRET: 's'.repeat(32) });
      expect(error).to.equal('error: --jwt-secret is of use with --auth jwt only\n');
      expect(exitCode).to.equal(2);
    });

    it('and takes a variable that is empty for one that is not set', async () => {
      const { error } = await run('serve --host 0.0.0.0', { TAILNET_PORT: '', TAILNET_ALLOW_UNAUTHENTICATED: '' });
      expect(error).to.contain('--allow-unauthenticated');
    });

    it('and does not take "false" for yes', async () => {
      const { error } = await run('serve --host 0.0.0.0', { TAILNET_ALLOW_UNAUTHENTICATED: 'false' });
      expect(error).to.contain('--allow-unauthenticated');
    });

    it('and refuses variables that are misspelt, all of them, and no others', async () => {
      const environment = {
        ...{ TAILNET_JWT_AUDENCE: 'mesh', TAILNET_DATABSE_URL: 'postgres://a:secret@b/c', TAILNET_V1: 'false' },
        // What these are for is not ours to know.
        ...{ TAILNET_TEST_SEED: '1', TAILNET_PORT_7350_TCP: 'tcp://10.0.0.1:7350', TAILNET_SERVICE_HOST: '10.0.0.1' },
        ...{ TAILNET_DATABASE_PORT: 'tcp://10.0.0.2:5432', TAILNET_DATABASE_USER: 'me', TAILNET_WORKER_ID: '5' },
        // Options of other commands, and how a worker knows which it is.
        ...{ TAILNET_URL: 'ws://a', TAILNET_SLOT_AMONG_WORKERS: '1' },
      };
      expect(await run('status', environment)).to.deep.equal({
        exitCode: 2,
        out: '',
        error: [
          'error: there is no variable TAILNET_JWT_AUDENCE; there is TAILNET_JWT_AUDIENCE\n',
          'error: there is no variable TAILNET_DATABSE_URL; there is TAILNET_DATABASE_URL\n',
          'error: there is no variable TAILNET_V1; there is TAILNET_NO_V1\n',
        ].join(''),
      });
    });

    it('and explains itself whatever stands there', async () => {
      expect(await run('status --help', { TAILNET_DATABSE_URL: 'x' })).to.include({ exitCode: 0, error: '' });
    });

    it('and says that a directory does not count where a database is given', async () => {
      const environment = { DATABASE_URL: 'postgres://a@127.0.0.1:1/b' };
      expect((await run('status --data-dir .', environment)).error).to.match(
        /^warning: --data-dir does not count: DATABASE_URL does\nerror: the database postgres:\/\/a@127/,
      );
      expect((await run('migrate --data-dir . --database-url postgres://a@127.0.0.1:1/b')).error).to.match(
        /^warning: --data-dir does not count: --database-url does\nerror: cannot migrate /,
      );
      const both = { TAILNET_DATA_DIR: '.', TAILNET_DATABASE_URL: 'postgres://a@127.0.0.1:1/b' };
      expect((await run('status', both)).error).to.match(/^error: the database postgres:\/\/a@127/);
    });

    it('and takes DATABASE_URL for the database where TAILNET_DATABASE_URL is empty', async () => {
      const both = { DATABASE_URL: 'postgres://a@127.0.0.1:1/b', TAILNET_DATABASE_URL: '' };
      expect((await run('status', both)).error).to.match(/^error: the database postgres:\/\/a@127/);
    });

    it('and refuses switches that say neither yes nor no', async () => {
      expect(await run('status', { TAILNET_JSON: 'perhaps' })).to.deep.equal({
        exitCode: 2,
        out: '',
        error: `error: option '--json' value 'perhaps' from env 'TAILNET_JSON' is invalid. Use true or false.\n`,
      });
    });
  });

  it('explains itself and every command', async () => {
    const { out, exitCode } = await run('--help');
    for (const command of ['serve', 'migrate', 'peer', 'status', 'token']) {
      expect(out).to.contain(`  ${command} `);
      const help = await run(`${command} --help`);
      expect(help.out).to.contain(`Usage: tailnet-coordinator ${command}`);
      expect(help.exitCode).to.equal(0);
    }
    expect(exitCode).to.equal(0);
  });

  it('prints its version', async () => {
    expect(await run('--version')).to.deep.equal({ exitCode: 0, out: '0.1.0\n', error: '' });
  });

  it('lists the commands on standard error when none is given', async () => {
    const { exitCode, out, error } = await run('');
    expect({ exitCode, out }).to.deep.equal({ exitCode: 2, out: '' });
    expect(error).to.contain('Usage: tailnet-coordinator');
  });

  it('hands its exit code to the shell', async () => {
    await using program = runCommand(['serve', '--prot']);
    expect(await program.ended).to.equal(2);
    expect(program.errors()).to.equal(`error: unknown option '--prot' (Did you mean --port?)\n`);
    expect(program.lines).to.deep.equal([]);
  });

  it('loads no package but those that read options, to explain them or to refuse some', async () => {
    const environment = { NODE_OPTIONS: `--import ${new URL('tellLoaded.mjs', import.meta.url).href}` };
    for (const words of [['--help'], ['serve', '--port', 'http']]) {
      await using program = runCommand(words, { environment });
      await program.ended;
      const packages = [...program.errors().matchAll(/^file:.*node_modules\/((?:@[^/]+\/)?[^/]+)/gm)].map(
        ([, name]) => name,
      );
      expect(new Set(packages), words.join(' ')).to.deep.equal(new Set(['commander', 'proxy-addr']));
    }
  });

  it('ends quietly when nobody reads any more what it says', async () => {
    const child = spawn(process.execPath, [builtCommand(), '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.destroy();
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    expect(await once(child, 'close')).to.deep.equal([0, null]);
    expect(errors).to.equal('');
  });

  it('needs no database of its own to say that there is none', async () => {
    expect(await run('status --data-dir /nowhere')).to.deep.equal({
      exitCode: 1,
      out: '',
      error:
        'error: no database: there is no embedded one in /nowhere; give --database-url, or the --data-dir of one\n',
    });
  });
});

/** Runs within this process, with this environment and nothing else of ours in it. */
async function run(words: string, environment: NodeJS.ProcessEnv = {}) {
  const kept = { ...process.env };
  const restore = (wanted: NodeJS.ProcessEnv) => {
    for (const name of Object.keys(process.env)) if (!(name in wanted)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, wanted);
  };
  restore({
    ...Object.fromEntries(Object.entries(kept).filter(([name]) => !/^(TAILNET_|DATABASE_URL)/.test(name))),
    ...environment,
  });
  let out = '';
  let error = '';
  try {
    const exitCode = await runCommandLine(words.split(' ').filter(Boolean), {
      out: (text) => (out += text),
      error: (text) => (error += text),
    });
    return { exitCode, out, error };
  } finally {
    restore(kept);
  }
}
