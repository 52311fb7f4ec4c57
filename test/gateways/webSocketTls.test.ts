import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import { connect } from 'node:tls';
import { expect } from 'chai';
import { requests } from '../../src/proto/requests.js';
import { certificate } from '../support/certificate.js';
import { alice, GatewayFixture, response } from './gatewayFixture.js';
import { rawSocket } from './peerSocket.js';

describe('a WebSocket gateway on somebody else’s HTTPS server', () => {
  let fixture: GatewayFixture;
  let server: Server;
  let pair: { readonly cert: string; readonly key: string };

  before(async () => {
    pair = await certificate();
  });

  beforeEach(async () => {
    fixture = new GatewayFixture();
    server = createServer(pair, (_request, answer) => answer.end('theirs'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(async () => {
    await fixture.end();
    server.close();
    if (server.listening) await once(server, 'close');
  });

  it('serves at a URL that says so, and passes on what is said both ways', async () => {
    const gateway = await fixture.serve({ server });
    expect(gateway.url).to.match(/^wss:\/\/127\.0\.0\.1:\d+\/api\/v2\/coordinate$/);
    const peer = await fixture.join(gateway, `id=${alice}`, [], { ca: pair.cert });
    const coordination = await fixture.coordinator.coordination(alice);
    coordination.responses$.next(response('over TLS'));
    expect((await peer.next()).peerUpdates[0]?.reason).to.equal('over TLS');
    peer.send(requests.disconnect());
    coordination.requests$.subscribe(() => coordination.end());
    expect(await peer.closed).to.include({ code: 1000 });
    expect(await gateway.event('opened')).to.include({ remoteAddress: '127.0.0.1' });
  });

  it('asks the coordinator to wait for slow receivers, as without TLS', async () => {
    const gateway = await fixture.serve({ server, limits: { highWaterMark: 300_000 } });
    const peer = await fixture.join(gateway, `id=${alice}`, [], { ca: pair.cert });
    const coordination = await fixture.coordinator.coordination(alice);
    peer.webSocket.pause();
    let count = 0;
    while (coordination.ready.at(-1) === true && count < 1000) {
      coordination.responses$.next(response('x'.repeat(65_536)));
      count++;
    }
    expect(count).to.be.below(1000);
    peer.webSocket.resume();
    await coordination.becomes(true);
    await peer.count(count);
  });

  it('tells everybody when it is unsubscribed', async () => {
    const gateway = await fixture.serve({ server });
    const peer = await fixture.join(gateway, `id=${alice}`, [], { ca: pair.cert });
    gateway.subscription.unsubscribe();
    expect(await peer.closed).to.include({ code: 1001 });
  });

  it('survives clients that break off their handshake, or speak no TLS', async () => {
    const gateway = await fixture.serve({ server });
    const plain = rawSocket(gateway.url);
    plain.socket.end('GET /api/v2/coordinate HTTP/1.1\r\n\r\n');
    await plain.answer;
    const { port } = new URL(gateway.url);
    const secure = connect({ port: Number(port), ca: pair.cert, host: '127.0.0.1' });
    await once(secure, 'secureConnect');
    secure.write('GET /api/v2/coordinate?id=');
    secure.destroy();
    await once(secure, 'close');
    await fixture.join(gateway, `id=${alice}`, [], { ca: pair.cert });
  });
});
