import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { credentials as clientCredentials, status } from '@grpc/grpc-js';
import { expect } from 'chai';
import pg from 'pg';
import { WebSocket, WebSocketServer } from 'ws';
import { readStatus } from '../../src/cli/readStatus.js';
import { processStart } from '../../src/cli/embeddedPostgres/processStart.js';
import { runningEmbeddedPostgres } from '../../src/cli/embeddedPostgres/runningEmbeddedPostgres.js';
import { quietPort } from '../support/quietPort.js';
import { CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { grpcClient, PeerCall } from '../gateways/peerCall.js';
import { RawClient, statusOf } from '../gateways/rawCall.js';
import { createAuthority } from '../support/certificates.js';
import { privateServer } from '../support/privateServer.js';
import { PeerUpdateKind, errorResponse, updatesResponse } from '../../src/proto/responses.js';
import { query } from '../support/query.js';
import { migratedDatabase, testDatabase } from '../support/testDatabase.js';
import { runCommand, type RunningProgram } from './childProcess.js';
import { temporaryDirectory } from './temporaryDirectory.js';

const alice = 'a11cea11-cea1-4cea-91ce-a11cea11cea1';
const bob = 'b0bb0bb0-b0bb-4bb0-8bb0-bb0bb0bb0bb0';

/** Each of these tests starts several processes, which takes long where much else runs. */
const patience = 120_000;

interface LogLine {
  readonly msg: string;
  readonly http: string;
  readonly grpc?: string;
  readonly metrics?: string;
  readonly coordinator_id: string;
  readonly databaseUrl: string;
  readonly coordinatorId: string;
}

describe('serve', function () {
  this.timeout(patience);

  it('runs on an embedded database, which it stops when it is told to end', async () => {
    using directory = temporaryDirectory();
    await using server = runServe([], { cwd: directory.path });
    const { http, databaseUrl } = await listening(server);
    const url = runningEmbeddedPostgres(`${directory.path}/.tailnet`) ?? '';
    expect(new URL(url).port).to.equal(new URL(databaseUrl).port);
    const postgres = await serverPid(url);
    expect(processStart(postgres)).not.to.equal(undefined);
    expect(await answer(`${http}/healthz`)).to.deep.equal([200, { status: 'alive' }]);
    expect(await answer(`${http}/readyz`)).to.deep.equal([200, { status: 'healthy' }]);

    // The URL that the log shows lacks the password. Who copies it is told so, and not kept waiting.
    await using another = runServe(['--database-url', databaseUrl]);
    expect(await another.ended).to.equal(1);
    expect(another.errors()).to.contain(
      `cannot migrate ${databaseUrl}: the server asks for a password, and none was given; in a URL it stands behind`,
    );

    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);
    expect(processStart(postgres)).to.equal(undefined);
    expect(server.errors()).to.equal('');
    expect(JSON.parse(server.lines.at(-1) ?? '')).to.include({ level: 30, msg: 'closed' });
  });

  it('says where it listens, who it is and which database it uses, without the password', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url]);
    const { http, coordinator_id, coordinatorId, databaseUrl } = await listening(server);
    expect(coordinatorId).to.equal(coordinator_id);
    expect(http).to.match(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    const withoutPassword = new URL(database.url);
    withoutPassword.password = '';
    expect(databaseUrl).to.equal(withoutPassword.href);
    const found = await query(database.url, 'select id from tailnet_coordinators');
    expect(found).to.deep.equal([{ id: coordinatorId }]);
    expect(server.lines.join('\n')).not.to.contain(new URL(database.url).password || 'no password');
  });

  it('tells its peers that it closes, and keeps them as lost', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url]);
    const { http } = await listening(server);
    await using peer = runPeer(http, alice, ['--json']);
    await peer.line((line) => line.includes('"connected"'));
    await row(database.url, `select from tailnet_peers where status = 'ok'`);
    server.signal('SIGINT');
    expect(JSON.parse(await peer.line((line) => line.includes('"closed"')))).to.include({
      code: 1001,
      reason: 'coordinator closed',
    });
    expect(await server.ended).to.equal(0);
    expect(await query(database.url, 'select id, status from tailnet_peers')).to.deep.equal([
      { id: alice, status: 'lost' },
    ]);
  });

  it('waits for a database that cannot be reached, and serves when it can', async () => {
    await using database = await privateServer();
    await database.stop();
    await using server = runServe(['--database-url', database.url]);
    const { http } = await listening(server);
    expect(await answer(`${http}/healthz`)).to.deep.equal([200, { status: 'alive' }]);
    expect((await answer(`${http}/readyz`))[0]).to.equal(503);
    await database.restart();
    await server.line((line) => line.includes('"health":"healthy"'));
    expect((await answer(`${http}/readyz`))[0]).to.equal(200);
    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);
  });

  it('refuses a database with other tables, says so and exits with 1', async () => {
    await using database = await testDatabase();
    await query(database.url, 'create table tailnet_coordinators (id text)');
    await using server = runServe(['--database-url', database.url]);
    expect(await server.ended).to.equal(1);
    expect(server.errors()).to.match(/^error: the database has some of the tables .*\n$/);
  });

  it('writes nothing to a database when a port is taken', async () => {
    await using database = await migratedDatabase();
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number };
    try {
      for (const name of ['--port', '--grpc-port', '--metrics-port']) {
        const others = ['--port', '--grpc-port'].filter((other) => other !== name).flatMap((other) => [other, '0']);
        await using server = runServe(['--database-url', database.url, ...others, name, String(port)]);
        expect(await server.ended, name).to.equal(1);
        expect(server.errors(), name).to.contain(`error: cannot listen on 127.0.0.1, port ${port}: `);
      }
      expect(await query(database.url, 'select id from tailnet_coordinators')).to.deep.equal([]);
    } finally {
      squatter.close();
    }
  });

  it('says that its port is taken, exits with 1 and leaves nothing behind', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    try {
      const { port } = squatter.address() as { port: number };
      using directory = temporaryDirectory();
      await using server = runCommand([
        ...['serve', '--port', String(port), '--grpc-port', '0', '--data-dir', directory.path],
      ]);
      expect(await server.ended).to.equal(1);
      expect(server.errors()).to.equal(
        `error: cannot listen on 127.0.0.1, port ${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}; choose another with --port\n`,
      );
      expect(runningEmbeddedPostgres(directory.path)).to.equal(undefined);
    } finally {
      squatter.close();
    }
  });

  it('serves gRPC as well, says where, and drains it', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url]);
    const { http, grpc } = await listening(server);
    expect(grpc).to.match(/^127\.0\.0\.1:[1-9]\d*$/);
    const client = grpcClient(`grpc://${grpc ?? ''}`);
    const call = new PeerCall(client, { 'x-peer-id': bob });
    await call.opened;
    call.send(requests.updateSelf({ preferredDerp: 7 }));
    await using peer = runPeer(http, alice, ['--tunnel', bob]);
    expect(await peer.line((line) => line.startsWith(bob))).to.contain('derp 7');
    server.signal('SIGTERM');
    expect(await call.ended).to.include({ code: status.UNAVAILABLE, details: 'coordinator closed' });
    expect(await server.ended).to.equal(0);
    client.close();
  });

  it('serves no gRPC when it is told so', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url, '--grpc-port', 'none']);
    expect(await listening(server)).not.to.have.property('grpc');
  });

  it('insists on a port for gRPC that it was given, but not on the default', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    // Whoever has it, it is taken.
    const other = createServer().on('error', () => {});
    other.listen(7351, '127.0.0.1');
    try {
      const { port } = squatter.address() as { port: number };
      await using database = await testDatabase();
      await using insisting = runServe(['--database-url', database.url, '--grpc-port', String(port)]);
      expect(await insisting.ended).to.equal(1);
      const reason = `listen EADDRINUSE: address already in use 127.0.0.1:${port}`;
      expect(insisting.errors()).to.equal(
        `error: cannot listen on 127.0.0.1, port ${port}: ${reason}; choose another with --grpc-port\n`,
      );
      const words = ['--database-url', database.url, '--port', String(await quietPort())];
      await using flexible = runCommand(['serve', ...words]);
      const { grpc } = await listening(flexible);
      expect(grpc).to.match(/^127\.0\.0\.1:(?!7351$)/);
      expect(flexible.lines.join('\n')).to.contain('the default port for gRPC is taken, using a free one');
    } finally {
      squatter.close();
      other.close();
    }
  });

  it('shows a certificate, and asks for one, at both ports', async () => {
    using authority = await createAuthority();
    const own = await authority.sign('localhost');
    const shown = await authority.sign('alice');
    const ca = authority.root.cert;
    await using database = await testDatabase();
    await using server = runServe([
      ...['--database-url', database.url, '--tls-cert', own.certFile, '--tls-key', own.keyFile],
      ...['--tls-client-ca', authority.root.certFile, '--metrics-port', '0'],
    ]);
    const { http, grpc = '', metrics = '' } = await listening(server);
    expect(http).to.match(/^https:/);
    // A load balancer has no certificate.
    const health = get(`${http}/healthz`, { ca, agent: false });
    const [response] = (await once(health, 'response')) as [IncomingMessage];
    expect(response.resume().statusCode).to.equal(200);
    // Who is sent away from the metrics is a line, and counted.
    const [refused] = (await once(get(metrics, { ca, agent: false }), 'response')) as [IncomingMessage];
    expect(refused.resume().statusCode).to.equal(403);
    await server.line((line) => line.includes('connection rejected') && line.includes('(none was shown)'));
    const scrape = get(metrics, { ca, cert: shown.cert, key: shown.key, agent: false });
    const [scraped] = (await once(scrape, 'response')) as [IncomingMessage];
    const text = Buffer.concat(await scraped.toArray()).toString();
    expect(text).to.contain('tailnet_connections_rejected_total{gateway="metrics",status="403"} 1\n');
    const socket = new WebSocket(`${http.replace('https', 'wss')}/api/v2/coordinate?id=${alice}`, {
      ...{ ca, cert: shown.cert, key: shown.key },
    });
    await once(socket, 'open');
    for (const [credentials, code] of [
      [clientCredentials.createSsl(ca, shown.key, shown.cert), status.OK],
      [clientCredentials.createSsl(ca), status.UNAVAILABLE],
    ] as const) {
      const client = grpcClient(`grpcs://${grpc}`, credentials);
      const call = new PeerCall(client, { 'x-peer-id': bob });
      call.send(requests.disconnect());
      expect(await call.ended).to.include({ code });
      client.close();
    }
    socket.terminate();
    const url = http.replace('https', 'wss');
    const trusting = ['peer', '--url', url, '--id', alice, '--tls-ca', authority.root.certFile];
    await using peer = runCommand([...trusting, '--tls-cert', shown.certFile, '--tls-key', shown.keyFile]);
    await peer.line((line) => line.startsWith('connected to'));
    await using stranger = runCommand(trusting);
    await stranger.line((line) => line.includes('a client certificate is required'));
    await server.line((line) => line.includes('connection rejected') && line.includes('(none was shown)'));
  });

  it('says which certificates it cannot use before it starts anything, and exits with 2', async () => {
    using directory = temporaryDirectory();
    using authority = await createAuthority();
    const { certFile, keyFile } = authority.root;
    const empty = `${directory.path}/empty.pem`;
    writeFileSync(empty, '');
    const words = ['--tls-cert', certFile, '--tls-key', keyFile, '--tls-client-ca', empty];
    await using server = runServe(['--data-dir', directory.path, ...words]);
    expect(await server.ended).to.equal(2);
    expect(server.errors()).to.equal(`error: option '--tls-client-ca': ${empty} holds no certificate in PEM\n`);
    expect(server.lines).to.deep.equal([]);
  });

  it('logs what strangers send over gRPC, but not on standard error, nor what may be secret', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url, '--log-level', 'debug']);
    const { grpc } = await listening(server);
    const client = new RawClient(`grpc://${grpc ?? ''}`);
    await statusOf(client.call({ 'x-peer-id': alice, authorization: 'Bearer secr\u00e9t' }).end());
    await server.line((line) => line.includes('Failed to add metadata entry authorization"'));
    client.session.destroy();
    server.signal('SIGTERM');
    expect(await server.ended).to.equal(0);
    expect(server.errors()).to.equal('');
    expect(server.lines.join('\n')).to.not.match(/secr(?!et)/);
  });

  it('ends at once with the second signal, and even then leaves no database behind', async () => {
    using directory = temporaryDirectory();
    await using server = runServe(['--data-dir', directory.path]);
    await listening(server);
    const url = runningEmbeddedPostgres(directory.path) ?? '';
    const postgres = await serverPid(url);
    // What the coordinator writes when it closes has to wait, so that there is something to interrupt.
    const blocker = new pg.Client(url);
    blocker.on('error', () => {});
    await blocker.connect();
    await blocker.query('begin; lock table tailnet_peers in access exclusive mode');
    server.signal('SIGTERM');
    await server.line((line) => line.includes('"draining"'));
    server.signal('SIGINT');
    expect(await server.ended).to.equal(130);
    while (processStart(postgres) !== undefined) await delay(20);
    await blocker.end();
  });

  it('takes its options from the environment', async () => {
    await using database = await testDatabase();
    const environment = { DATABASE_URL: database.url, TAILNET_PORT: '0', TAILNET_LOG_LEVEL: 'debug' };
    await using server = runCommand(['serve'], { environment });
    const { http } = await listening(server);
    await using peer = runPeer(http, alice, []);
    await server.line((line) => line.includes('"connection opened"'));
    peer.signal('SIGTERM');
    await peer.ended;
  });

  it('shows what becomes of a peer to who watches it, and ends in order all the same', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url]);
    const { http } = await listening(server);
    const { body } = await fetch(`${http}/api/v2/peers/${bob}/watch`);
    let text = '';
    const events = (body ?? new ReadableStream<Uint8Array>()).pipeThrough(new TextDecoderStream()).getReader();
    const until = async (part: string) => {
      while (!text.includes(part)) {
        const { value, done } = await events.read();
        if (done) throw new Error(`ended without ${part}: ${text}`);
        text += value;
      }
    };
    await until('event: disconnected\ndata: {}\n\n');
    await using peer = runPeer(http, bob, ['--derp', '3']);
    await until('event: node\n');
    await until('"preferredDerp":3');
    peer.signal('SIGKILL');
    await until('event: lost\n');
    server.signal('SIGTERM');
    await until('event: closed\ndata: {"reason":"shutting down"}\n\n');
    expect(await server.ended).to.equal(0);
  });

  it('serves old peers, which speak V1, at a path of their own', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url, '--base-path', '/mesh', '--log-level', 'debug']);
    const { http } = await listening(server);
    const path = `${http}/api/v1/coordinate`;
    const connect = async (query: string): Promise<WebSocket> => {
      const socket = new WebSocket(`${path.replace('http', 'ws')}?${query}`);
      await once(socket, 'open');
      return socket;
    };
    const agent = await connect(`id=${bob}&role=agent`);
    const client = await connect(`id=${alice}&role=client&agent=${bob}`);
    agent.send(Buffer.from('{"preferred_derp":7}'));
    const [nodes] = (await once(client, 'message')) as [Buffer];
    expect(JSON.parse(nodes.toString())).to.have.nested.property('[0].preferred_derp', 7);
    expect(await server.line((line) => line.includes('"role":"client"'))).to.contain('"protocol":"tailnet.v1"');
    expect((await fetch(path)).status).to.equal(426);
    const closed = once(client, 'close');
    server.signal('SIGTERM');
    expect((await closed)[0]).to.equal(1001);
    expect(await server.ended).to.equal(0);
    expect(await query(database.url, 'select distinct status from tailnet_peers')).to.deep.equal([{ status: 'lost' }]);
  });

  it('serves no old peers when it is told so', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url, '--no-v1']);
    const { http } = await listening(server);
    expect((await fetch(`${http}/api/v1/coordinate`)).status).to.equal(404);
    const socket = new WebSocket(`${http.replace('http', 'ws')}/api/v1/coordinate?id=${alice}`);
    const [refusal] = (await once(socket, 'error')) as [Error];
    expect(refusal.message).to.contain('404');
  });

  it('holds peers to its limits', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url, '--max-message-size', '50']);
    const { http } = await listening(server);
    const socket = new WebSocket(`${http.replace('http', 'ws')}/api/v2/coordinate?id=${alice}`);
    await once(socket, 'open');
    socket.send(new Uint8Array(51));
    const [code] = (await once(socket, 'close')) as [number];
    expect(code).to.equal(1009);
  });

  it('serves at its base path, to pages of allowed origins, and believes trusted proxies', async () => {
    await using database = await testDatabase();
    await using server = runServe([
      ...['--database-url', database.url, '--log-level', 'debug', '--base-path', '/mesh/'],
      ...['--allowed-origins', 'https://app.example, http://localhost:*', '--trusted-proxies', 'loopback'],
    ]);
    const { http } = await listening(server);
    expect(http).to.match(/:\d+\/mesh$/);
    expect(await answer(`${http}/healthz`)).to.deep.equal([200, { status: 'alive' }]);
    const headers = { 'X-Forwarded-For': '198.51.100.1' };
    const connect = (origin: string) =>
      new WebSocket(`${http.replace('http', 'ws')}/api/v2/coordinate?id=${alice}`, { origin, headers });
    const stranger = connect('https://evil.example');
    const [refusal] = (await once(stranger, 'error')) as [Error];
    expect(refusal.message).to.contain('403');
    expect(await server.line((line) => line.includes('"connection rejected"'))).to.contain('"198.51.100.1"');
    const page = connect('http://localhost:5173');
    await once(page, 'open');
    expect(await server.line((line) => line.includes('"connection opened"'))).to.contain('"198.51.100.1"');
    page.terminate();
  });
});

describe('peer', function () {
  this.timeout(patience);

  it('publishes a node, opens tunnels, tells what it hears and says goodbye', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url]);
    const { http } = await listening(server);
    await using a = runPeer(http, alice, ['--derp', '7']);
    await using b = runPeer(http, bob, ['--tunnel', alice, '--json']);
    expect(await a.line((line) => line.startsWith(bob))).to.equal(
      `${bob} NODE (new) derp 1 fd7a:115c:a1e0:4bb0:8bb0:bb0b:b0bb:bb0/128`,
    );
    const update = JSON.parse(await b.line((line) => line.includes('"update"'))) as { node: { preferredDerp: number } };
    expect(update).to.include({ event: 'update', peer: alice, kind: 'NODE', reason: 'new' });
    expect(update.node.preferredDerp).to.equal(7);
    a.signal('SIGINT');
    expect(await a.ended).to.equal(0);
    expect(a.lines.at(-1)).to.equal('connection closed: 1000');
    expect(JSON.parse(await b.line((line) => line.includes('"DISCONNECTED"')))).to.deep.equal({
      event: 'update',
      peer: alice,
      kind: 'DISCONNECTED',
      reason: 'disconnected',
    });
    expect(await query(database.url, 'select id from tailnet_peers')).to.deep.equal([{ id: bob }]);
  });

  it('comes back when its coordinator does', async () => {
    await using database = await testDatabase();
    const port = await quietPort();
    const words = ['--database-url', database.url, '--port', String(port)];
    await using first = runServe(words);
    const { http } = await listening(first);
    await using peer = runPeer(http, alice, []);
    await peer.line((line) => line.startsWith('connected'));
    first.signal('SIGTERM');
    await first.ended;
    await using second = runServe(words);
    await listening(second);
    await row(database.url, `select from tailnet_peers where status = 'ok'`);
    expect(peer.lines.filter((line) => line.startsWith('connected'))).to.have.length(2);
  });

  it('waits longer and longer for a coordinator that lets it in only to send it away', async () => {
    const update = { id: new Uint8Array(16), node: undefined, kind: PeerUpdateKind.LOST, reason: 'lost' };
    const unhealthy = errorResponse('coordinator unhealthy');
    // Over the fourth connection it names a peer before that, which is of no more use.
    const answers = [unhealthy, unhealthy, unhealthy, updatesResponse([update])];
    const coordinator = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    try {
      await once(coordinator, 'listening');
      coordinator.on('connection', (socket) => {
        socket.send(CoordinateResponse.encode(answers.shift() ?? unhealthy).finish());
        socket.close(1013);
      });
      const { port } = coordinator.address() as { port: number };
      await using peer = runPeer(`http://127.0.0.1:${port}`, alice, ['--json']);
      const waits = () =>
        peer.lines.filter((line) => line.includes('"retryIn"')).map((line) => JSON.parse(line) as { retryIn: number });
      await peer.line(() => waits().length >= 4);
      const [, , third, fourth] = waits();
      expect(third?.retryIn).to.be.within(562, 1125);
      expect(fourth?.retryIn).to.be.within(843, 1688);
    } finally {
      coordinator.close();
    }
  });

  it('gives up with exit code 1 when the coordinator will never take it', async () => {
    await using database = await testDatabase();
    await using server = runServe(['--database-url', database.url]);
    const { http } = await listening(server);
    await using peer = runCommand(['peer', '--url', `${http.replace('http', 'ws')}/?role=king`]);
    expect(await peer.ended).to.equal(1);
    expect(peer.lines.join()).to.match(/^connection closed: 1006 HTTP 400 .*role.*king/);
  });

  it('ends when it is told to, although nobody answers', async () => {
    await using peer = runPeer(`http://127.0.0.1:${await quietPort()}`, alice, []);
    await peer.line((line) => line.includes('next try'));
    peer.signal('SIGTERM');
    expect(await peer.ended).to.equal(0);
  });
});

describe('status and migrate', function () {
  this.timeout(patience);

  it('show what there is, while serve runs on the embedded database and after', async () => {
    using directory = temporaryDirectory();
    const dataDir = ['--data-dir', directory.path];
    await using server = runServe(dataDir);
    const { http, coordinator_id: coordinatorId } = await listening(server);
    await using a = runPeer(http, alice, []);
    await using b = runPeer(http, bob, ['--tunnel', alice]);
    await a.line((line) => line.startsWith(bob));

    const status = JSON.parse(await output('status', '--json', ...dataDir)) as Record<
      string,
      Record<string, unknown>[]
    >;
    expect(status['coordinators']?.map(({ id, live }) => ({ id, live }))).to.deep.equal([
      { id: coordinatorId, live: true },
    ]);
    expect(status['peers']?.map(({ id, status: is }) => ({ id, is }))).to.deep.equal([
      { id: alice, is: 'ok' },
      { id: bob, is: 'ok' },
    ]);
    expect(status['tunnels']?.map(({ src, dst }) => ({ src, dst }))).to.deep.equal([{ src: bob, dst: alice }]);
    expect(await output('migrate', ...dataDir)).to.equal('nothing to do: the tables are up to date');

    await using watching = runCommand(['status', '--watch', '--json', ...dataDir]);
    const peersSeen = (line: string) =>
      (JSON.parse(line) as { peers: readonly { status: string }[] }).peers.map(({ status: is }) => is);
    await watching.line((line) => peersSeen(line).join() === 'ok,ok');
    b.signal('SIGKILL');
    await a.line((line) => line.includes('LOST'));
    await watching.line((line) => peersSeen(line).join() === 'ok,lost');
    watching.signal('SIGINT');
    expect(await watching.ended).to.equal(0);
    server.signal('SIGTERM');
    await server.ended;
    const text = await output('status', ...dataDir);
    expect(text).to.match(new RegExp(`^1 coordinator: 1 (?:live|silent)\nCOORDINATOR .*\n${coordinatorId}  `));
    expect(text).to.match(new RegExp(`\n2 peers: 2 lost\nPEER .*\n${alice}  lost .*\n${bob}  lost `));
    expect(text).to.match(new RegExp(`\n1 tunnel\nFROM .*\n${bob}  ${alice}  `));
  });

  it('say what a role needs that may not look', async () => {
    await using database = await migratedDatabase();
    const role = `looks_${process.pid}`;
    await query(database.url, `create role ${role} login password 'only for tests'`);
    try {
      const url = Object.assign(new URL(database.url), { username: role, password: 'only for tests' });
      await using looking = runCommand(['status', '--database-url', url.href]);
      expect(await looking.ended).to.equal(1);
      expect(looking.errors()).to.match(
        /cannot be read: permission denied for table tailnet_coordinators \(42501\); run "tailnet-coordinator migrate --grant ROLE" for the role that connects\n$/,
      );
    } finally {
      await query(database.url, `drop role ${role}`);
    }
  });

  it('show peers as lost whose coordinator is silent', async () => {
    await using database = await migratedDatabase();
    const [live, silent] = ['11111111-0000-4000-8000-000000000000', '51111111-0000-4000-8000-000000000000'];
    await query(
      database.url,
      `insert into tailnet_coordinators values ('${live}', now()), ('${silent}', now() - interval '7 s')`,
    );
    await query(
      database.url,
      `insert into tailnet_peers (id, coordinator_id, updated_at, node, status)
       values ('${alice}', '${live}', now(), '', 'ok'), ('${bob}', '${silent}', now(), '', 'ok')`,
    );
    const { peers } = await readStatus(database.url);
    expect(peers.map(({ id, status }) => ({ id, status }))).to.deep.equal([
      { id: alice, status: 'ok' },
      { id: bob, status: 'lost' },
    ]);
  });

  it('fail in one line when nobody answers, and name the database without its password', async () => {
    const address = `127.0.0.1:${await quietPort()}/tailnet`;
    for (const command of ['status', 'migrate']) {
      const words = [command, '--database-url', `postgres://tailnet:secret@${address}`];
      await using program = runCommand(words);
      expect(await program.ended).to.equal(1);
      expect(program.errors())
        .to.match(/^error: .*ECONNREFUSED.*\n$/)
        .and.contain(`postgres://tailnet@${address}`);
    }
  });

  it('say what to do when there are no tables, and do it', async () => {
    await using database = await testDatabase();
    await using before = runCommand(['status', '--database-url', database.url]);
    expect(await before.ended).to.equal(1);
    expect(before.errors()).to.match(
      /^error: the database \S+ has no tailnet tables: run "tailnet-coordinator migrate"\n$/,
    );
    expect(await output('migrate', '--database-url', database.url)).to.match(/^migrated: 0001_/);
    expect(await output('status', '--database-url', database.url)).to.equal(
      'no coordinators\n\nno peers\n\nno tunnels',
    );
  });

  it('fail in one line when a role is not there', async () => {
    await using database = await testDatabase();
    await using migrate = runCommand(['migrate', '--database-url', database.url, '--grant', 'no_such_role']);
    expect(await migrate.ended).to.equal(1);
    expect(migrate.errors()).to.match(/^error: cannot grant to role "no_such_role": .*\n$/);
  });
});

function runServe(words: string[], options?: { cwd: string }): RunningProgram {
  const ports = ['--port', '--grpc-port'].flatMap((port) => (words.includes(port) ? [] : [port, '0']));
  return runCommand(['serve', ...ports, ...words], options);
}

function runPeer(http: string, id: string, words: string[]): RunningProgram {
  return runCommand(['peer', '--url', http.replace('http', 'ws'), '--id', id, ...words]);
}

async function listening(server: RunningProgram): Promise<LogLine> {
  return JSON.parse(await server.line((line) => line.includes('"msg":"listening"'))) as LogLine;
}

async function answer(url: string): Promise<[number, unknown]> {
  // A connection that is kept would be one more thing that the server has to close.
  const response = await fetch(url, { headers: { connection: 'close' } });
  return [response.status, await response.json()];
}

/** The output of a command that is to succeed. */
async function output(...words: string[]): Promise<string> {
  await using program = runCommand(words);
  expect(await program.ended, program.errors()).to.equal(0);
  return program.lines.join('\n');
}

/** Resolves when there is such a row; mocha's timeout is the limit. */
async function row(url: string, sql: string): Promise<void> {
  while ((await query(url, sql)).length === 0) await delay(20);
}

/** The process of the server itself. */
async function serverPid(url: string): Promise<number> {
  const [row] = await query<{ pid: string }>(
    url,
    `select split_part(pg_read_file('postmaster.pid'), e'\\n', 1) as pid`,
  );
  return Number(row?.pid);
}
