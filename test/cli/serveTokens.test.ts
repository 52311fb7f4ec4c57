import { appendFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { runCommandLine } from './runCommandLine.js';
import { base64Url, hs256, token } from '../auth/jwt/mint.js';
import { grpcClient, PeerCall } from '../gateways/peerCall.js';
import { PeerSocket, refusedUpgrade } from '../gateways/peerSocket.js';
import { testDatabase } from '../support/testDatabase.js';
import { runCommand, type RunningProgram } from './childProcess.js';
import { temporaryDirectory } from './temporaryDirectory.js';

const alice = 'a11cea11-cea1-4cea-91ce-a11cea11cea1';
const bob = 'b0bb0bb0-b0bb-4bb0-8bb0-bb0bb0bb0bb0';

describe('serve --auth jwt', function () {
  this.timeout(120_000);

  it('lets in who has a token that was minted for it, until it expires or is revoked', async () => {
    using directory = temporaryDirectory();
    await using database = await testDatabase();
    const [key, revocations] = [join(directory.path, 'key'), join(directory.path, 'revoked')];
    expect(await output('token', '--generate-key', key)).to.equal(
      `private key, for token: ${key}\npublic key, for serve: ${key}.pub`,
    );
    expect(statSync(key).mode & 0o777).to.equal(0o600);
    writeFileSync(revocations, '# nobody yet\n');
    const mint = (...words: readonly string[]) =>
      output('token', '--jwt-private-key-file', key, '--aud', 'mesh', ...words);
    await using server = runServe(database.url, [
      ...['--auth', 'jwt', '--jwt-key-file', `${key}.pub`, '--jwt-audience', 'mesh', '--jwt-revocations', revocations],
      ...['--host', '0.0.0.0'],
    ]);
    const url = await listening(server);
    expect(await refusedUpgrade(url)).to.include({ status: 401 });
    expect(await refusedUpgrade(`${url}?id=${alice}`)).to.include({ status: 401 });
    expect(await refusedUpgrade(`${url}?token=${await mint('--sub', alice, '--aud', 'other')}`)).to.include({
      status: 401,
      body: 'token has the wrong audience\n',
    });

    const token = join(directory.path, 'token');
    writeFileSync(token, await mint('--sub', alice, '--name', 'Alice', '--role', 'agent'));
    await using peer = runCommand(['peer', '--url', url, '--token-file', token]);
    expect(await peer.line((line) => line.startsWith('connected'))).to.contain(`as ${alice}`);
    expect(JSON.parse(await server.line((line) => line.includes('"connection opened"')))).to.include({
      ...{ peer_id: alice, name: 'Alice', role: 'agent' },
    });
    appendFileSync(revocations, `${alice}\n`);
    expect(await peer.ended).to.equal(1);
    expect(peer.lines.slice(-2)).to.deep.equal([
      'the coordinator says: token revoked',
      'connection closed: 1008 token revoked',
    ]);

    const short = new PeerSocket(`${url}?token=${await mint('--sub', bob, '--expires', '2s')}`);
    expect((await short.next()).error).to.equal('token expired');
    expect(await short.closed).to.include({ code: 1008, reason: 'token expired' });
    const grpc = /"grpc":"([^"]+)"/.exec(server.lines.join())?.[1] ?? '';
    const client = grpcClient(`grpc://${grpc}`);
    expect(await new PeerCall(client, { 'x-peer-id': alice }).ended).to.include({ code: status.UNAUTHENTICATED });
    const call = new PeerCall(client, { authorization: `Bearer ${await mint('--sub', bob)}` });
    await call.opened;
    call.call.cancel();
    client.close();

    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);
  });

  it('writes no token, no secret and no password anywhere, whatever happens', async () => {
    using directory = temporaryDirectory();
    await using database = await testDatabase();
    const secret = 'a-secret-that-nobody-should-read-';
    const password = 'a-password-that-nobody-reads';
    // The password is not asked for here; what it looks like is up to us.
    const databaseUrl = new URL(database.url);
    databaseUrl.searchParams.set('sslpassword', password);
    const revocations = join(directory.path, 'revoked');
    writeFileSync(revocations, 'gone\n');
    await using server = runServe(databaseUrl.href, ['--auth', 'jwt', '--jwt-revocations', revocations], {
      ...{ TAILNET_JWT_SECRET: secret, TAILNET_LOG_LEVEL: 'trace' },
    });
    const url = await listening(server);
    const now = Math.floor(Date.now() / 1000);
    const mint = (claims: object, header = {}) =>
      token({ alg: 'HS256', ...header }, { sub: alice, exp: now + 60, ...claims }, hs256(secret));
    const good = mint({});
    const bad = [
      mint({ exp: now - 60 }),
      mint({ jti: 'gone' }),
      mint({ role: 'admin' }),
      mint({ name: 'x\ny' }),
      mint({ sub: 'nobody' }),
      mint({}, { alg: 'none' }),
      token({ alg: 'HS256' }, { sub: alice, exp: now + 60 }, hs256(`${secret}!`)),
      `${base64Url({ alg: 'HS256' })}.eyJzdWIi.broken`,
    ];
    for (const refused of bad) {
      const { status } = await refusedUpgrade(`${url}?token=${refused}`);
      expect(status, refused).to.equal(401);
    }
    expect(await refusedUpgrade(`${url}?id=${bob}&token=${good}`)).to.include({ status: 401 });
    expect(await refusedUpgrade(`${url.replace('/v2/', '/v3/')}?token=${good}`)).to.include({ status: 404 });
    const plain = await fetch(`${url.replace('ws', 'http')}?token=${good}`, { headers: { connection: 'close' } });
    expect(plain.status).to.equal(426);
    const broken = await fetch(`${new URL(url.replace('ws', 'http')).origin}/%zz?token=${good}`);
    expect(broken.status).to.equal(404);

    await using peer = runCommand(['peer', '--url', `${url}?token=${good}`]);
    await peer.line((line) => line.startsWith('connected'));
    const newer = new PeerSocket(`${url}?token=${good}`, ['tailnet.v2.json']);
    await peer.ended;
    newer.webSocket.send('{');
    expect(await newer.closed).to.include({ code: 1007 });
    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);

    const written = [...server.lines, server.errors(), ...peer.lines, peer.errors()].join('\n');
    expect(written).to.contain('connection rejected').and.contain('connection opened');
    // What the log would have hidden would have been written.
    expect(written).not.to.match(/\[(token|secret)\]/);
    const secrets = [good, ...bad].flatMap((one) => one.split('.').filter((part) => part.length > 10));
    for (const hidden of [...secrets, secret, password, new URL(database.url).password || secret]) {
      expect(written).not.to.contain(hidden);
    }
  });
});

describe('token', () => {
  it('signs with the secret that serve would verify with, and puts all in that it is told', async () => {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'secret');
    writeFileSync(file, `${'s'.repeat(32)}\n`);
    const words = [
      '--sub',
      alice.toUpperCase(),
      '--name',
      'Alice',
      '--role',
      'client',
      '--agent',
      bob,
      '--expires',
      '2h',
    ];
    const made = await output('token', '--jwt-secret-file', file, ...words, '--aud', 'mesh', '--iss', 'me');
    const [header, payload, signature] = made.split('.');
    expect(json(header)).to.deep.equal({ alg: 'HS256', typ: 'JWT' });
    const { jti, iat, exp, ...claims } = json(payload) as { jti: string; iat: number; exp: number };
    expect(claims).to.deep.equal({ sub: alice, name: 'Alice', role: 'client', agent: bob, aud: 'mesh', iss: 'me' });
    expect(jti).to.match(/^[0-9a-f-]{36}$/);
    expect(exp - iat).to.equal(7200);
    expect(signature).to.equal(hs256('s'.repeat(32))(`${header}.${payload}`).toString('base64url'));
  });

  it('does not write over keys that are there', async () => {
    using directory = temporaryDirectory();
    const key = join(directory.path, 'key');
    writeFileSync(key, 'dear to somebody');
    const { exitCode, error } = await run('token', '--generate-key', key);
    expect({ exitCode, error }).to.deep.equal({
      exitCode: 1,
      error: `error: cannot write keys: EEXIST: file already exists, open '${key}'\n`,
    });
    expect(readFileSync(key, 'utf8')).to.equal('dear to somebody');
  });
});

const json = (part = ''): unknown => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));

/** Runs a command within this process. */
async function run(...words: readonly string[]): Promise<{ exitCode: number; out: string; error: string }> {
  let [out, error] = ['', ''];
  const exitCode = await runCommandLine(words, { out: (text) => (out += text), error: (text) => (error += text) });
  return { exitCode, out, error };
}

async function output(...words: readonly string[]): Promise<string> {
  const { exitCode, out, error } = await run(...words);
  expect(exitCode, error).to.equal(0);
  return out.trimEnd();
}

function runServe(databaseUrl: string, words: readonly string[], environment: NodeJS.ProcessEnv = {}): RunningProgram {
  return runCommand(['serve', '--port', '0', '--database-url', databaseUrl, ...words], {
    environment: { TAILNET_LOG_LEVEL: 'debug', ...environment },
  });
}

/** Where peers connect, as soon as they can. */
async function listening(server: RunningProgram): Promise<string> {
  const line = await server.line((text) => text.includes('"msg":"listening"'));
  const { port } = new URL((JSON.parse(line) as { http: string }).http);
  return `ws://127.0.0.1:${port}/api/v2/coordinate`;
}
