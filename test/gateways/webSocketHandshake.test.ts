import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { once } from 'node:events';
import { expect } from 'chai';
import { EMPTY, NEVER, Observable, Subject, throwError } from 'rxjs';
import { peerAuth } from '../../src/auth/peerAuth.js';
import { Http1Message, IdentityError } from '../../src/gateways/index.js';
import type { Identity } from '../../src/gateways/index.js';
import { alice, bob, GatewayFixture, response } from './gatewayFixture.js';
import { rawSocket, refusedUpgrade, upgradeRequest } from './peerSocket.js';

const path = '/api/v2/coordinate';
const identity: Identity = { id: bob, name: 'Bob', role: 'peer', auth: peerAuth() };

const wantsHttp2 = (method: string, url: string, more = 'HTTP2-Settings: AAMAAABk'): string =>
  `${method} ${url} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n${more}\r\n\r\n`;

describe('the handshake of a WebSocket connection', () => {
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(() => fixture.end());

  it('is refused with 400 and one line when the query does not say who', async () => {
    const gateway = await fixture.serve();
    const { status, body, headers } = await refusedUpgrade(`${gateway.url}?id=alice`);
    const reason = 'query parameter "id" must be the UUID of the peer, got "alice"';
    expect({ status, body }).to.deep.equal({ status: 400, body: `${reason}\n` });
    expect(headers['content-type']).to.equal('text/plain; charset=utf-8');
    expect(await gateway.event('rejected')).to.deep.equal({
      kind: 'rejected',
      status: 400,
      reason,
      remoteAddress: '127.0.0.1',
    });
    expect(fixture.coordinator.coordinations).to.have.lengthOf(0);
  });

  it('is refused with 400 when all subprotocols are unknown', async () => {
    const { url } = await fixture.serve();
    const { status, body } = await refusedUpgrade(`${url}?id=${alice}`, ['graphql-ws']);
    expect(status).to.equal(400);
    expect(body).to.equal(
      'unknown WebSocket subprotocol "graphql-ws": offer tailnet.v2.proto (the default) or tailnet.v2.json\n',
    );
  });

  it('is refused with 404 on another path', async () => {
    const gateway = await fixture.serve();
    const { status, body } = await refusedUpgrade(gateway.url.replace('/v2/', '/v3/'));
    expect({ status, body }).to.deep.equal({ status: 404, body: `not found; WebSockets are served at ${path}\n` });
    expect(await gateway.event('rejected')).to.include({ status: 404 });
  });

  it('may be at another path', async () => {
    const gateway = await fixture.serve({ path: '/mesh' });
    expect(new URL(gateway.url).pathname).to.equal('/mesh');
    await fixture.join(gateway);
    await fixture.coordinator.coordination(alice);
  });

  for (const method of ['GET', 'POST']) {
    it(`is asked for with 426 when a ${method} comes without it`, async () => {
      const gateway = await fixture.serve();
      const answer = await fetch(`${gateway.url.replace('ws:', 'http:')}?id=${alice}`, { method });
      expect(answer.status).to.equal(426);
      expect(answer.headers.get('upgrade')).to.equal('websocket');
      expect(await answer.text()).to.match(/^this path takes WebSockets: GET with "Upgrade: websocket"/);
    });
  }

  it('answers plain requests to other paths with 404', async () => {
    const gateway = await fixture.serve();
    const answer = await fetch(new URL('/', gateway.url.replace('ws:', 'http:')));
    expect(answer.status).to.equal(404);
    expect(await answer.text()).to.equal(`not found; there is ${path}\n`);
  });

  const hostile: readonly (readonly [name: string, request: string, status: number, text: string])[] = [
    ['an upgrade by POST', upgradeRequest(`${path}?id=${alice}`).replace('GET', 'POST'), 426, 'this path takes'],
    [
      'an upgrade to something else',
      upgradeRequest(path).replace('Upgrade: websocket', 'Upgrade: h2c'),
      426,
      'this path',
    ],
    ['a body', `${upgradeRequest(`${path}?id=${alice}`, 'Content-Length: 4')}\r\nbody`, 400, 'has no body'],
    ['a chunked body', `${upgradeRequest(path, 'Transfer-Encoding: chunked')}\r\n0\r\n\r\n`, 400, 'has no body'],
    ['no key', upgradeRequest(`${path}?id=${alice}`).replace(/Sec-WebSocket-Key.*\r\n/, ''), 400, 'Sec-WebSocket-Key'],
    ['an old version', upgradeRequest(`${path}?id=${alice}`).replace('n: 13', 'n: 7'), 400, 'Sec-WebSocket-Version'],
    [
      'subprotocols in disorder',
      upgradeRequest(`${path}?id=${alice}`, 'Sec-WebSocket-Protocol: tailnet.v2.proto,'),
      400,
      'Sec-WebSocket-Protocol',
    ],
    ['garbage', 'sfdk\0\x01\x02\r\n\r\n', 400, ''],
    ['endless headers', `GET ${path} HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, ''],
    ['a URL that is none', upgradeRequest('//[:::/?%'), 404, 'not found'],
  ];
  for (const [name, request, status, text] of hostile) {
    it(`answers ${String(status)} to ${name}`, async () => {
      const gateway = await fixture.serve();
      const { socket, answer } = rawSocket(gateway.url);
      socket.end(request.endsWith('\r\n\r\n') || request.endsWith('body') ? request : `${request}\r\n`);
      expect(await answer)
        .to.match(new RegExp(`^HTTP/1.1 ${String(status)} `))
        .and.to.include(text);
      // And the next one gets in.
      await fixture.join(gateway);
    });
  }

  it('survives clients that hang up half way', async () => {
    const gateway = await fixture.serve();
    const { socket, answer } = rawSocket(gateway.url);
    socket.write(upgradeRequest(`${path}?id=${alice}`));
    await once(socket, 'connect');
    socket.resetAndDestroy();
    await answer;
    await fixture.join(gateway);
    expect(gateway.events.map(({ kind }) => kind)).to.deep.equal(['listening', 'opened']);
  });

  it('may not take for ever', async () => {
    const gateway = await fixture.serve({ limits: { handshakeTimeout: 50 } });
    const { socket, answer } = rawSocket(gateway.url);
    socket.write(upgradeRequest(`${path}?id=${alice}`));
    expect(await answer).to.match(/^HTTP\/1.1 408 /);
  });

  it('may be followed at once by frames', async () => {
    const gateway = await fixture.serve();
    const { socket, answer } = rawSocket(gateway.url);
    // An empty binary frame with the mask 0, then a close frame without a code.
    socket.write(
      Buffer.concat([
        Buffer.from(`${upgradeRequest(`${path}?id=${alice}`)}\r\n`),
        Buffer.from([0x82, 0x80, 0, 0, 0, 0, 0x88, 0x80, 0, 0, 0, 0]),
      ]),
    );
    expect(await gateway.event('closed')).to.include({ received: 1, code: 1005 });
    expect(await answer).to.match(/^HTTP\/1.1 101 /);
    (await fixture.coordinator.coordination(alice)).end();
  });

  for (const [name, frames, code] of [
    ['a frame without a mask', [0x82, 0x00], 1002],
    ['a reserved opcode', [0x83, 0x80, 0, 0, 0, 0], 1002],
    ['a reserved bit', [0xc2, 0x80, 0, 0, 0, 0], 1002],
    ['a ping in pieces', [0x09, 0x80, 0, 0, 0, 0], 1002],
    ['text that is not UTF-8', [0x81, 0x81, 0, 0, 0, 0, 0xff], 1007],
  ] as const) {
    it(`is followed by ${String(code)} after ${name}`, async () => {
      const gateway = await fixture.serve();
      const { socket, answer } = rawSocket(gateway.url);
      socket.write(`${upgradeRequest(`${path}?id=${alice}`)}\r\n`);
      const coordination = await fixture.coordinator.coordination(alice);
      socket.write(Buffer.from(frames));
      await coordination.unsubscribed();
      socket.end();
      const text = await answer;
      // The last frame: close, two bytes, the code.
      expect(Buffer.from(text.slice(-4), 'latin1')).to.deep.equal(Buffer.from([0x88, 0x02, code >> 8, code & 0xff]));
      expect(await gateway.event('closed')).to.include({ code });
    });
  }

  describe('with an identity of its own', () => {
    const serveWith = (identify: () => Identity | Observable<Identity>) => fixture.serve({ identify });

    it('takes what it is told', async () => {
      const gateway = await serveWith(() => identity);
      await fixture.join(gateway, '');
      expect(await gateway.event('opened')).to.include({ peerId: bob, name: 'Bob' });
    });

    it('waits for who is asked elsewhere', async () => {
      const answer$ = new Subject<Identity>();
      const gateway = await serveWith(() => {
        setImmediate(() => {
          answer$.next(identity);
        });
        return answer$;
      });
      await fixture.join(gateway, '');
      expect(await gateway.event('opened')).to.include({ peerId: bob });
      expect(answer$.observed).to.equal(false);
    });

    it('refuses with the status and text it is given', async () => {
      const gateway = await serveWith(() => {
        throw new IdentityError('token has expired', 401);
      });
      const { status, body, headers } = await refusedUpgrade(gateway.url);
      expect({ status, body }).to.deep.equal({ status: 401, body: 'token has expired\n' });
      expect(headers['www-authenticate']).to.equal('Bearer');
    });

    it('refuses later, too', async () => {
      const gateway = await serveWith(() => throwError(() => new IdentityError('not you', 403)));
      expect(await refusedUpgrade(gateway.url)).to.include({ status: 403, body: 'not you\n' });
    });

    for (const [name, identify] of [
      [
        'throws',
        () => {
          throw new TypeError('secret');
        },
      ],
      ['fails', () => throwError(() => new TypeError('secret'))],
      ['finds nobody', () => EMPTY],
    ] as const) {
      it(`keeps to itself why it ${name}`, async () => {
        const gateway = await serveWith(identify);
        expect(await refusedUpgrade(gateway.url)).to.include({ status: 500, body: 'internal error\n' });
        expect((await gateway.event('rejected')).error).to.be.instanceOf(Error);
      });
    }

    it('does not wait for ever', async () => {
      const gateway = await fixture.serve({ identify: () => NEVER, limits: { handshakeTimeout: 20 } });
      expect(await refusedUpgrade(gateway.url)).to.include({
        status: 503,
        body: 'it took too long to find out who you are\n',
      });
    });

    it('is not waited for when the client leaves', async () => {
      let ask: () => void = () => undefined;
      let give: () => void = () => undefined;
      const asked = new Promise<void>((resolve) => (ask = resolve));
      const givenUp = new Promise<void>((resolve) => (give = resolve));
      const gateway = await serveWith(
        () =>
          new Observable(() => {
            ask();
            return give;
          }),
      );
      const { socket } = rawSocket(gateway.url);
      socket.write(`${upgradeRequest(path)}\r\n`);
      await asked;
      socket.resetAndDestroy();
      await givenUp;
      expect(gateway.events.map(({ kind }) => kind)).to.deep.equal(['listening']);
    });
  });

  it('is no other one’s business: who would like HTTP/2 is answered by HTTP/1.1, also behind another answer', async () => {
    const gateway = await fixture.serve();
    const { socket, answer } = rawSocket(gateway.url);
    socket.write('GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(2) + wantsHttp2('GET', '/b'));
    socket.write('GET /c HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    socket.end();
    expect((await answer).match(/^HTTP\/1.1 404 /gm)).to.have.lengthOf.at.least(3);
    await fixture.join(gateway);
  });

  describe('on a server of somebody else', () => {
    let server: Server;
    beforeEach(async () => {
      server = createServer((_request, answer) => answer.end('theirs'));
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
    });
    afterEach(async () => {
      server.close();
      if (server.listening) await once(server, 'close');
    });

    it('leaves plain requests to its owner', async () => {
      const gateway = await fixture.serve({ server });
      const answer = await fetch(gateway.url.replace('ws:', 'http:'));
      expect(await answer.text()).to.equal('theirs');
      server.closeIdleConnections();
    });

    it('leaves other paths to other listeners', async () => {
      const gateway = await fixture.serve({ server });
      server.on('upgrade', (request, socket) => {
        if (request.url === '/theirs')
          socket.end('HTTP/1.1 418 Theirs\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
      });
      expect(await refusedUpgrade(new URL('/theirs', gateway.url).href)).to.include({ status: 418 });
      await fixture.join(gateway);
    });

    it('lets its owner answer requests that would like to upgrade to something else', async () => {
      const gateway = await fixture.serve({ server });
      const { socket, answer } = rawSocket(gateway.url);
      socket.write(
        'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
      );
      expect(await answer).to.match(/^HTTP\/1.1 200 OK\r\n[^]*\r\nConnection: close\r\n[^]*theirs/);
    });

    it('does not overtake an answer that is not over', async () => {
      const gateway = await fixture.serve({ server });
      let end: () => void = () => undefined;
      server.prependListener('request', ({ url }, answer) => {
        if (url !== '/slow') return;
        end = answer.end.bind(answer);
        answer.end = () => answer;
      });
      const { socket, answer } = rawSocket(gateway.url);
      const slow = once(server, 'request');
      socket.write(`GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n${wantsHttp2('GET', '/')}`);
      await slow;
      expect(await answer).to.equal('');
      end();
      await fixture.join(gateway);
    });

    it('is not taken behind an answer that is not over', async () => {
      // Nobody answers the first.
      server.removeAllListeners('request');
      server.on('request', () => undefined);
      const gateway = await fixture.serve({ server });
      const { socket, answer } = rawSocket(gateway.url);
      const upgrade = upgradeRequest(`${path}?id=${alice}`);
      socket.write(`GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n${upgrade}\r\n`);
      expect(await answer).to.equal('');
      expect(gateway.events.map(({ kind }) => kind)).to.deep.equal(['listening']);
    });

    it('notices that who would like HTTP/2 has left, before anything was answered', async () => {
      await fixture.serve({ server });
      server.removeAllListeners('request');
      const closed = new Promise((resolve) => {
        server.on('request', (_request, answer) => answer.once('close', resolve));
      });
      const { port } = server.address() as { port: number };
      const { socket, answer } = rawSocket(`http://127.0.0.1:${String(port)}`);
      const asked = once(server, 'request');
      socket.write(wantsHttp2('GET', '/'));
      await asked;
      socket.end();
      await closed;
      await answer;
    });

    it('takes no body from who would like HTTP/2, unless the server was made for it', async () => {
      const gateway = await fixture.serve({ server });
      const post = `${wantsHttp2('POST', '/', 'Content-Length: 4')}body`;
      const refused = rawSocket(gateway.url);
      refused.socket.write(post);
      expect(await refused.answer).to.match(/^HTTP\/1.1 400 [^]*a request that asks for an upgrade has no body here/);

      const prepared = createServer({ IncomingMessage: Http1Message }, (request, response) => request.pipe(response));
      prepared.listen(0, '127.0.0.1');
      const other = await fixture.serve({ server: prepared });
      const { socket, answer } = rawSocket(other.url);
      socket.write(post);
      socket.end();
      expect(await answer).to.match(/^HTTP\/1.1 200 OK\r\n[^]*body/);
      other.subscription.unsubscribe();
      prepared.close();
    });

    it('answers once, however many gateways there are', async () => {
      const one = await fixture.serve({ server });
      const other = await fixture.serve({ server, path: '/other', v1: { path: '/old' } });
      server.removeAllListeners('request');
      expect(await refusedUpgrade(new URL('/third', one.url).href)).to.include({ status: 404 });
      await fixture.join(one);
      await fixture.join(other, `id=${bob}`);
      one.subscription.unsubscribe();
      expect((await refusedUpgrade(`${one.url}?id=${alice}`)).body).to.contain('/other and /old');
      other.subscription.unsubscribe();
      expect(server.listenerCount('upgrade')).to.equal(0);
    });

    it('survives a client that would like to upgrade to something else and hangs up', async () => {
      const gateway = await fixture.serve({ server });
      server.removeAllListeners('request');
      const closed = new Promise((resolve) => {
        server.on('request', (_request, answer) => answer.once('close', resolve));
      });
      const { socket } = rawSocket(gateway.url);
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      await once(server, 'request');
      socket.resetAndDestroy();
      await closed;
      await fixture.join(gateway);
    });

    it('says what it takes when nobody else would answer', async () => {
      const gateway = await fixture.serve({ server });
      server.removeAllListeners('request');
      const { socket, answer } = rawSocket(gateway.url);
      socket.write('GET /api/v2/coordinate HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n');
      expect(await answer).to.match(/^HTTP\/1.1 426 /);
    });

    it('stops serving when unsubscribed, and leaves the server alone', async () => {
      const gateway = await fixture.serve({ server });
      const peer = await fixture.join(gateway);
      gateway.subscription.unsubscribe();
      expect(await peer.closed).to.include({ code: 1001 });
      expect(server.listening).to.equal(true);
      expect(server.listenerCount('upgrade')).to.equal(0);
    });

    it('waits until the server listens', async () => {
      const later = createServer();
      const waiting = fixture.serve({ server: later });
      later.listen(0, '127.0.0.1');
      const gateway = await waiting;
      const peer = await fixture.join(gateway);
      (await fixture.coordinator.coordination(alice)).responses$.next(response());
      await peer.next();
      later.close();
    });
  });
});
