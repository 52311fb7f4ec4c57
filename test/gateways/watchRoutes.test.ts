import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { EventSource } from 'eventsource';
import { BehaviorSubject, NEVER, Subject, filter, ignoreElements, of, throwError, timer } from 'rxjs';
import { agentAuth } from '../../src/auth/agentAuth.js';
import { clientAuth } from '../../src/auth/clientAuth.js';
import { observerAuth } from '../../src/auth/observerAuth.js';
import { peerAuth } from '../../src/auth/peerAuth.js';
import type { Auth } from '../../src/auth/auth.js';
import { createCoordinator } from '../../src/coordinator.js';
import { IdentityError, serveRoutes, watchRoutes } from '../../src/gateways/index.js';
import type { Identity } from '../../src/gateways/index.js';
import { aNode, memoryDatabase, testPeer } from '../../src/testing/index.js';
import { alice, bob, carol } from './gatewayFixture.js';
import { WatchFixture } from './watchFixture.js';

const pathOf = (id: string) => `/api/v2/peers/${id}/watch`;

const node = (derp: number, more = {}) => ({ kind: 'node', node: aNode({ of: bob, derp, ...more }) }) as const;
const closed = (reason: string) => ({ kind: 'closed', reason }) as const;

const dataOf = (derp: number) =>
  JSON.stringify({
    id: '1',
    key: Buffer.from(aNode({ of: bob }).key).toString('base64'),
    disco: aNode({ of: bob }).disco,
    preferredDerp: derp,
  });

describe('watching a peer over HTTP', () => {
  let fixture: WatchFixture;
  beforeEach(() => {
    fixture = new WatchFixture();
  });
  afterEach(() => fixture.end());

  it('shows what it is and what it becomes, as server-sent events', async () => {
    const url = await fixture.serve();
    const answer = await fixture.read(url + pathOf(bob));
    const { statusCode, headers } = answer.response;
    expect(statusCode).to.equal(200);
    expect(headers).to.include({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      connection: 'close',
    });
    const { updates$, peerId } = await fixture.watch();
    expect(peerId).to.equal(bob);
    updates$.next({ kind: 'disconnected' });
    updates$.next(node(1));
    updates$.next({ ...node(1), kind: 'lost' });
    updates$.next(closed('coordinator closed'));
    expect(await answer.complete()).to.equal(
      [
        'retry: 3000\n\n',
        'event: disconnected\ndata: {}\n\n',
        `event: node\ndata: ${dataOf(1)}\n\n`,
        `event: lost\ndata: ${dataOf(1)}\n\n`,
        'event: closed\ndata: {"reason":"coordinator closed"}\n\n',
      ].join(''),
    );
    await (await fixture.watch()).ended();
    expect(fixture.events).to.deep.equal([]);
  });

  it('is understood by an EventSource that others wrote, from a real coordinator to the last event', async () => {
    const database = memoryDatabase();
    const coordinators = [createCoordinator({ database }), createCoordinator({ database })] as const;
    const served = new WatchFixture();
    served.coordinator.watch$ = (id) => coordinators[0].watch$(id);
    const source = new EventSource((await served.serve()) + pathOf(bob));
    const told: string[] = [];
    const bobs = testPeer(coordinators[1], bob);
    await new Promise<void>((resolve) => {
      const next = (event: { readonly type: string; readonly data: unknown }) => {
        const { preferredDerp, reason } = JSON.parse(String(event.data)) as { preferredDerp?: number; reason?: string };
        told.push([event.type, preferredDerp ?? reason].join(' ').trim());
        if (told.length === 1) bobs.updateDerp(4);
        if (told.length === 2) bobs.updateDerp(5);
        if (told.length === 3) bobs.drop();
        if (told.length === 4) void coordinators[0].close();
        if (event.type === 'closed') resolve();
      };
      for (const kind of ['node', 'lost', 'disconnected', 'closed']) source.addEventListener(kind, next);
    });
    source.close();
    expect(told).to.deep.equal(['disconnected', 'node 4', 'node 5', 'lost 5', 'closed coordinator closed']);
    await coordinators[1].close();
    served.end();
  });

  it('looks over what a client says that comes back', async () => {
    const url = await fixture.serve();
    const answer = await fixture.read(url + pathOf(bob), { headers: { 'Last-Event-ID': '17' } });
    (await fixture.watch()).updates$.next(node(1));
    await answer.until('event: node');
  });

  it('takes an id in capitals for the same peer', async () => {
    const url = await fixture.serve();
    await fixture.ask(url + pathOf(bob.toUpperCase()));
    expect((await fixture.watch()).peerId).to.equal(bob);
  });

  it('stops to watch when the client leaves', async () => {
    const url = await fixture.serve();
    const response = await fixture.ask(url + pathOf(bob));
    const watch = await fixture.watch();
    response.destroy();
    await watch.ended();
  });

  describe('to a client that does not keep up', () => {
    /** More than a response takes without complaint, and more than a socket's buffers take at all. */
    const large = { endpoints: ['x'.repeat(256 * 1024)] };
    const huge = { endpoints: ['x'.repeat(32 * 1024 * 1024)] };

    it('sends the newest event when it can take it, and nothing of what was in between', async () => {
      const url = await fixture.serve();
      const response = await fixture.ask(url + pathOf(bob));
      const { updates$ } = await fixture.watch();
      for (let derp = 1; derp <= 50; derp++) updates$.next(node(derp, large));
      // It reads only now.
      const chunks: string[] = [];
      response.setEncoding('utf8').on('data', (piece: string) => {
        chunks.push(piece);
        if (piece.includes('"preferredDerp":50')) updates$.next(closed('enough'));
      });
      await once(response, 'end');
      const seen = [...chunks.join('').matchAll(/"preferredDerp":(\d+)/g)].map(([, derp]) => Number(derp));
      // The first went into the buffers; the last came when they were empty.
      expect(seen).to.deep.equal([1, 50]);
    });

    it('sends nothing when the peer has become again what was told last', async () => {
      const url = await fixture.serve();
      const response = await fixture.ask(url + pathOf(bob));
      const { updates$ } = await fixture.watch();
      updates$.next(node(1, large));
      updates$.next({ kind: 'disconnected' });
      updates$.next(node(1, large));
      const chunks: string[] = [];
      response.setEncoding('utf8').on('data', (piece: string) => chunks.push(piece));
      while (!chunks.join('').endsWith('\n\n') || chunks.length < 3) await once(response, 'data');
      updates$.next(node(2));
      updates$.next(closed('enough'));
      await once(response, 'end');
      const seen = [...chunks.join('').matchAll(/^event: (\w+)|"preferredDerp":(\d+)/gm)].map(([, ...found]) =>
        found.join(''),
      );
      expect(seen).to.deep.equal(['node', '1', 'node', '2', 'closed']);
    });

    it('gives up after four periods in which nothing was read', async () => {
      const url = await fixture.serve({ limits: { heartbeatPeriod: 20 } });
      await fixture.ask(url + pathOf(bob));
      const watch = await fixture.watch();
      watch.updates$.next(node(1, huge));
      await watch.ended();
    });

    it('cuts it off when it does not read the last event either, so that a server can stop', async () => {
      const drain$ = new Subject<void>();
      const url = await fixture.serve({ limits: { closeTimeout: 20 } }, drain$);
      await fixture.ask(url + pathOf(bob));
      const watch = await fixture.watch();
      watch.updates$.next(node(1, huge));
      drain$.next();
      watch.updates$.next(closed('coordinator closed'));
      // Nothing can come after it, though the client is still there.
      expect(watch.updates$.observed).to.equal(false);
      await fixture.stopped();
    });
  });

  it('says by comments that the connection lives', async () => {
    const url = await fixture.serve({ limits: { heartbeatPeriod: 16 } });
    const answer = await fixture.read(url + pathOf(bob));
    await answer.until('retry: 3000\n\n:\n\n:\n\n');
  });

  it('answers HEAD as GET, without watching', async () => {
    const url = await fixture.serve();
    const { status, text } = await fixture.answer(url + pathOf(bob), { method: 'HEAD' });
    expect({ status, text }).to.deep.equal({ status: 200, text: '' });
    expect(fixture.watches).to.deep.equal([]);
  });

  for (const [what, path, options, status, text] of [
    ['an id that is no UUID', pathOf('bob'), {}, 400, 'the id in the path must be the UUID of a peer, got "bob"\n'],
    [
      'the nil UUID',
      pathOf('00000000-0000-0000-0000-000000000000'),
      {},
      400,
      'the id in the path must not be the nil UUID\n',
    ],
    ['another method', pathOf(bob), { method: 'POST' }, 405, 'only GET and HEAD are allowed here\n'],
    [
      'who takes no events',
      pathOf(bob),
      { headers: { Accept: 'application/json, text/event-stream;q=0' } },
      406,
      'this is text/event-stream, which your header Accept does not take\n',
    ],
    ['no id', '/api/v2/peers//watch', {}, 404, 'not found; there is /api/v2/peers/{id}/watch\n'],
  ] as const) {
    it(`refuses ${what} with ${String(status)}`, async () => {
      const url = await fixture.serve();
      expect(await fixture.answer(url + path, options)).to.deep.equal({ status, text });
      expect(fixture.watches).to.deep.equal([]);
    });
  }

  for (const accept of ['*/*', 'text/*;q=0.5', 'application/json, TEXT/event-stream; q=0.9', '']) {
    it(`lets who accepts ${JSON.stringify(accept)} watch`, async () => {
      const url = await fixture.serve();
      const { statusCode } = await fixture.ask(url + pathOf(bob), { headers: { Accept: accept } });
      expect(statusCode).to.equal(200);
    });
  }

  it('has places for so many, and one again when somebody has left', async () => {
    const url = await fixture.serve({ limits: { maxWatchers: 1 } });
    const first = await fixture.ask(url + pathOf(bob));
    const refused = { status: 503, text: 'too many watchers: at most 1\n' };
    expect(await fixture.answer(url + pathOf(carol))).to.deep.equal(refused);
    expect(fixture.events).to.deep.equal([
      { kind: 'rejected', status: 503, reason: 'too many watchers: at most 1', remoteAddress: '127.0.0.1' },
    ]);
    first.destroy();
    await (await fixture.watch()).ended();
    expect((await fixture.ask(url + pathOf(carol))).statusCode).to.equal(200);
  });

  it('ends when the server drains, and lets nobody in from then on', async () => {
    const draining$ = new BehaviorSubject(false);
    const url = await fixture.serve({ draining$ });
    const answer = await fixture.read(url + pathOf(bob));
    const watch = await fixture.watch();
    draining$.next(true);
    expect(await answer.complete()).to.match(/event: closed\ndata: {"reason":"shutting down"}\n\n$/);
    await watch.ended();
    const text = 'retry: 3000\n\nevent: closed\ndata: {"reason":"shutting down"}\n\n';
    // An `EventSource` that is told 503 gives up for ever.
    expect(await fixture.answer(url + pathOf(bob))).to.deep.equal({ status: 200, text });
  });

  it('leaves with the connection, also where its answer has not had its turn', async () => {
    const url = await fixture.serve({ limits: { maxWatchers: 2 } });
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const request = `GET ${pathOf(bob)} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
    socket.write(request.repeat(5));
    await fixture.watch();
    await once(socket, 'data');
    // The others behind the first are told so when it has ended, and take no places.
    const other = await fixture.read(url + pathOf(bob));
    expect(other.response.statusCode).to.equal(200);
    expect(await fixture.answer(url + pathOf(bob))).to.include({ status: 503 });
    expect(fixture.watches).to.have.lengthOf(2);
    socket.destroy();
    await fixture.watches[0]?.ended();
    other.response.destroy();
    await fixture.watches[1]?.ended();
  });

  it('does not begin for who has left already, as behind a slow middleware', async () => {
    const routes = watchRoutes(fixture.coordinator);
    const answer = serveRoutes(routes);
    const server = createServer((request, response) => {
      request.socket.once('close', () => {
        answer(request, response);
        server.emit('late');
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.write(`GET ${pathOf(bob)} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    const late = once(server, 'late');
    await once(server, 'request');
    socket.destroy();
    await late;
    for (const watch of fixture.watches) await watch.ended();
    server.close();
  });

  it('is not given up for others who say nothing', async () => {
    const url = await fixture.serve({}, NEVER, { maxUnfinished: 2 });
    const answer = await fixture.read(url + pathOf(bob));
    const { updates$ } = await fixture.watch();
    const { hostname, port } = new URL(url);
    const silent = Array.from({ length: 4 }, () => connect(Number(port), hostname));
    await Promise.race(silent.map((socket) => once(socket.resume(), 'close')));
    updates$.next(node(7));
    await answer.until('"preferredDerp":7');
    for (const socket of silent) socket.destroy();
  });

  it('is answered to who would like HTTP/2, however large the events are', async () => {
    const url = await fixture.serve();
    const large = { endpoints: ['x'.repeat(256 * 1024)] };
    const headers = { Connection: 'Upgrade, HTTP2-Settings', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABk' };
    const answer = await fixture.read(url + pathOf(bob), { headers });
    const { updates$ } = await fixture.watch();
    for (const derp of [1, 2, 3]) {
      updates$.next(node(derp, large));
      await answer.until(`"preferredDerp":${String(derp)}`);
    }
  });

  it('does not keep a server from stopping', async () => {
    const draining$ = new BehaviorSubject(false);
    const drain$ = draining$.pipe(filter((draining) => draining));
    const url = await fixture.serve({ draining$ }, drain$);
    const answer = await fixture.read(url + pathOf(bob));
    await fixture.watch();
    draining$.next(true);
    await answer.complete();
    await once(answer.response.socket, 'close');
  });

  describe('with an identify', () => {
    const as = (more: Partial<Identity>): Identity => ({
      id: alice,
      name: 'Alice',
      role: 'peer',
      auth: peerAuth(),
      ...more,
    });
    const plain = { name: 'Error', message: 'not on a Sunday' };

    for (const [who, watcher] of [
      ['the peer itself', as({ id: bob, auth: agentAuth(bob) })],
      ['who may open tunnels to everybody', as({})],
      ['who may open a tunnel to it', as({ auth: clientAuth(bob) })],
      ['who is allowed to later', as({ auth: () => timer(1).pipe(ignoreElements()) })],
      ['an observer', as({ role: 'observer', auth: observerAuth() })],
    ] as const) {
      it(`lets ${who} watch`, async () => {
        const url = await fixture.serve({ identify: () => of(watcher) });
        expect((await fixture.ask(url + pathOf(bob))).statusCode).to.equal(200);
        expect(fixture.watches).to.have.lengthOf(1);
      });
    }

    for (const [who, watcher, status, text] of [
      [
        'an agent that is not the peer',
        as({ auth: agentAuth(alice) }),
        403,
        'you may not watch this peer: agents cannot open tunnels',
      ],
      [
        'the client of another agent',
        as({ auth: clientAuth(carol) }),
        403,
        `you may not watch this peer: invalid agent id, expected ${carol}, got ${bob}`,
      ],
      [
        'who is refused later',
        as({ auth: () => throwError(() => new Error(plain.message)) }),
        403,
        'you may not watch this peer: not on a Sunday',
      ],
    ] as const) {
      it(`turns away ${who}`, async () => {
        const url = await fixture.serve({ identify: () => watcher });
        expect(await fixture.answer(url + pathOf(bob))).to.deep.equal({ status, text: `${text}\n` });
        expect(fixture.watches).to.deep.equal([]);
        expect(fixture.events).to.have.lengthOf(1);
        expect(fixture.events[0]).to.include({ kind: 'rejected', status, reason: text });
        expect(fixture.events[0]).not.to.have.property('error');
      });
    }

    it('turns away whom it does not know', async () => {
      const identify = () => {
        throw new IdentityError('unknown token', 401);
      };
      const url = await fixture.serve({ identify });
      const answer = await fixture.read(url + pathOf(bob));
      expect(answer.response.statusCode).to.equal(401);
      expect(answer.response.headers['www-authenticate']).to.equal('Bearer');
      expect(await answer.complete()).to.equal('unknown token\n');
    });

    for (const [what, auth] of [
      [
        'throws',
        () => {
          throw new Error('secret');
        },
      ],
      ['fails with something that broke', () => throwError(() => new TypeError('secret'))],
    ] satisfies [string, Auth][]) {
      it(`answers 500 when an auth ${what}, and tells who listens to events`, async () => {
        const url = await fixture.serve({ identify: () => as({ auth }) });
        expect(await fixture.answer(url + pathOf(bob))).to.deep.equal({ status: 500, text: 'internal error\n' });
        expect(fixture.events[0]).to.have.property('error').that.has.property('message', 'secret');
      });
    }

    it('waits for it so long and no longer', async () => {
      const url = await fixture.serve({ identify: () => NEVER, limits: { handshakeTimeout: 20 } });
      const text = 'it took too long to find out who you are\n';
      expect(await fixture.answer(url + pathOf(bob))).to.deep.equal({ status: 503, text });
    });

    it('ends when the identity does, with its reason', async () => {
      const ends$ = new Subject<string>();
      const url = await fixture.serve({ identify: () => as({ ends$ }) });
      const answer = await fixture.read(url + pathOf(bob));
      await fixture.watch();
      ends$.next('token expired');
      expect(await answer.complete()).to.match(/event: closed\ndata: {"reason":"token expired"}\n\n$/);
    });

    it('ends when that fails, and tells the operator, not the client, what it was', async () => {
      const ends$ = new Subject<string>();
      const url = await fixture.serve({ identify: () => as({ ends$ }) });
      const answer = await fixture.read(url + pathOf(bob));
      const watch = await fixture.watch();
      ends$.error(new Error('secret'));
      await watch.ended();
      await answer.complete().catch(() => undefined);
      expect(answer.text).not.to.contain('secret');
      expect(fixture.errors).to.have.lengthOf(1);
    });
  });

  it('is not answered by a name that may have been made to point here, unless they prove who they are', async () => {
    const url = await fixture.serve();
    const headers = { Host: 'evil.example:7350', 'Accept-Language': '*' };
    const refused = await fixture.answer(url + pathOf(bob), { headers });
    expect([refused.status, refused.text]).to.deep.equal([
      403,
      'ask by an address or as localhost, or allow the origin of this name: "evil.example:7350"\n',
    ]);
    const listed = await fixture.serve({ origins: ['http://evil.example:7350'] });
    expect((await fixture.ask(listed + pathOf(bob), { headers })).statusCode).to.equal(200);
    const identity: Identity = { id: bob, name: 'Bob', role: 'peer', auth: peerAuth() };
    const proven = await fixture.serve({ identify: () => of(identity) });
    expect((await fixture.ask(proven + pathOf(bob), { headers })).statusCode).to.equal(200);
  });

  describe('from a page of another origin', () => {
    const page = { headers: { Origin: 'https://dashboard.example' } };

    it('is not allowed unless told so', async () => {
      const url = await fixture.serve();
      const refused = await fixture.read(url + pathOf(bob), page);
      expect([refused.response.statusCode, await refused.complete()]).to.deep.equal([
        403,
        'pages of the origin "https://dashboard.example" may not connect: it is not in the list of allowed origins\n',
      ]);
      expect(refused.response.headers).not.to.have.property('access-control-allow-origin');
      expect(await fixture.answer(url + pathOf(bob), { ...page, method: 'OPTIONS' })).to.include({ status: 403 });
      expect(fixture.watches).to.deep.equal([]);
      expect(fixture.events).to.have.lengthOf(2);
    });

    it('is allowed to those listed', async () => {
      const url = await fixture.serve({ origins: ['https://dashboard.example'] });
      const allowed = await fixture.ask(url + pathOf(bob), page);
      expect(allowed.headers).to.include({
        'access-control-allow-origin': 'https://dashboard.example',
        vary: 'Origin',
      });
      const other = await fixture.ask(url + pathOf(bob), { headers: { Origin: 'https://evil.example' } });
      expect(other.statusCode).to.equal(403);
      const none = await fixture.ask(url + pathOf(bob));
      expect([none.statusCode, none.headers.vary]).to.deep.equal([200, 'Origin']);
      expect(await fixture.answer(url + pathOf(bob), { ...page, method: 'OPTIONS' })).to.include({ status: 405 });
    });

    it('is allowed to all, also to read why they may not, and is asked for no more than it takes', async () => {
      const url = await fixture.serve({ origins: ['*'] });
      const refused = await fixture.ask(url + pathOf('x'), page);
      expect(refused.statusCode).to.equal(400);
      expect(refused.headers).to.include({ 'access-control-allow-origin': 'https://dashboard.example' });
      const headers = { ...page.headers, 'Access-Control-Request-Method': 'GET' };
      const preflight = await fixture.ask(url + pathOf(bob), { method: 'OPTIONS', headers });
      expect(preflight.statusCode).to.equal(204);
      expect(preflight.headers).to.include({
        'access-control-allow-origin': 'https://dashboard.example',
        'access-control-allow-methods': 'GET, HEAD',
        'access-control-allow-headers': 'Authorization, Cache-Control, Last-Event-ID',
      });
      expect(fixture.watches).to.deep.equal([]);
    });
  });

  it('says of whom it turned away where they are, as proxies say that are trusted', async () => {
    const url = await fixture.serve({ trustedProxies: ['loopback'], limits: { maxWatchers: 1 } });
    await fixture.ask(url + pathOf(bob));
    await fixture.answer(url + pathOf(bob), { headers: { 'X-Forwarded-For': '192.0.2.7' } });
    expect(fixture.events[0]).to.include({ status: 503, remoteAddress: '192.0.2.7' });
  });

  it('refuses limits that are none', () => {
    const limits = { maxWatchers: 0 };
    expect(() => watchRoutes(fixture.coordinator, { limits })).to.throw(
      RangeError,
      'maxWatchers must be a number above 0, got 0',
    );
  });
});
