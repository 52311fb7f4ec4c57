import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect } from 'chai';
import { firstValueFrom, NEVER } from 'rxjs';
import { requests } from '../../src/proto/requests.js';
import { alice, bob, GatewayFixture, response } from './gatewayFixture.js';
import { rawSocket, refusedUpgrade, upgradeRequest } from './peerSocket.js';
import { ServedGateway } from './servedGateway.js';

describe('a WebSocket gateway that stops', () => {
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(() => fixture.end());

  /** Whether anybody accepts TCP connections at a URL. */
  const answers = async (url: string): Promise<boolean> => {
    const { socket, answer } = rawSocket(url);
    const hasConnected = once(socket, 'connect').then(
      () => true,
      () => false,
    );
    const result = await hasConnected;
    socket.destroy();
    await answer;
    return result;
  };

  describe('because it is unsubscribed', () => {
    it('tells every peer, closes with 1001 and lets go of the coordinator', async () => {
      const gateway = await fixture.serve();
      const peers = await Promise.all([alice, bob].map((id) => fixture.join(gateway, `id=${id}`)));
      gateway.subscription.unsubscribe();
      for (const peer of peers) {
        expect((await peer.next()).error).to.equal('coordinator closed');
        expect(await peer.closed).to.deep.equal({ code: 1001, reason: 'coordinator closed', messages: 1 });
      }
      expect(fixture.coordinator.coordinations.map(({ isUnsubscribed }) => isUnsubscribed)).to.deep.equal([true, true]);
      expect(await answers(gateway.url)).to.equal(false);
    });

    it('lets a goodbye count that was accepted before', async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.send(requests.disconnect());
      await firstValueFrom(coordination.requests$);
      gateway.subscription.unsubscribe();
      expect(await peer.closed).to.include({ code: 1001 });
      expect(coordination.isUnsubscribed).to.equal(false);
      coordination.end();
    });

    it('does not wait for ever for a peer that does not read', async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      const gateway = await fixture.serve({ server, limits: { closeTimeout: 20 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.webSocket.pause();
      while (coordination.ready.at(-1) === true) coordination.responses$.next(response('x'.repeat(65_536)));
      gateway.subscription.unsubscribe();
      expect(coordination.isUnsubscribed).to.equal(true);
      // It closes when its last socket is gone, which the peer does nothing for.
      server.close();
      await once(server, 'close');
      peer.webSocket.resume();
      expect(await peer.closed).to.include({ code: 1006 });
    });

    it('refuses who is still being identified', async () => {
      let asked: () => void = () => undefined;
      const hasAsked = new Promise<void>((resolve) => (asked = resolve));
      const gateway = await fixture.serve({
        identify: () => {
          asked();
          return NEVER;
        },
      });
      const refused = refusedUpgrade(gateway.url);
      await hasAsked;
      gateway.subscription.unsubscribe();
      expect(await refused).to.include({ status: 503, body: 'shutting down\n' });
    });

    it('may be subscribed again', async () => {
      const first = await fixture.serve();
      const port = Number(new URL(first.url).port);
      first.subscription.unsubscribe();
      const second = await fixture.serve({ port });
      await fixture.join(second);
    });
  });

  describe('because it is drained', () => {
    it('completes at once when nobody is there', async () => {
      const gateway = await fixture.serve();
      gateway.drain$.next();
      await gateway.completed();
      expect(await answers(gateway.url)).to.equal(false);
    });

    it('lets nobody in, leaves those who are there, and completes when the last one has gone', async () => {
      const gateway = await fixture.serve();
      const first = await fixture.join(gateway, `id=${alice}`);
      const last = await fixture.join(gateway, `id=${bob}`);
      gateway.drain$.next();
      expect(await answers(gateway.url)).to.equal(false);
      (await fixture.coordinator.coordination(alice)).end('coordinator closed');
      expect(await first.closed).to.include({ code: 1001 });
      const { responses$ } = await fixture.coordinator.coordination(bob);
      responses$.next(response('still served'));
      expect((await last.next()).peerUpdates[0]?.reason).to.equal('still served');
      expect(gateway.subscription.closed).to.equal(false);
      (await fixture.coordinator.coordination(bob)).end('coordinator closed');
      await gateway.completed();
      expect(gateway.events.map(({ kind }) => kind)).to.deep.equal([
        'listening',
        'opened',
        'opened',
        'closed',
        'closed',
      ]);
    });

    it('answers 503 on a server that goes on', async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      const gateway = await fixture.serve({ server });
      const peer = await fixture.join(gateway);
      gateway.drain$.next();
      expect(await refusedUpgrade(`${gateway.url}?id=${bob}`)).to.include({ status: 503, body: 'shutting down\n' });
      (await fixture.coordinator.coordination(alice)).end();
      await peer.closed;
      await gateway.completed();
      // To the last, and on connections that are there already, too: they should go elsewhere, whatever the paths are for.
      expect(await refusedUpgrade(`${gateway.url}?id=${bob}`)).to.include({ status: 503, body: 'shutting down\n' });
      expect(await refusedUpgrade(new URL('/other', gateway.url).href)).to.include({ status: 404 });
      const next = await fixture.serve({ server });
      const again = await fixture.join(next);
      next.subscription.unsubscribe();
      expect(await again.closed).to.include({ code: 1001 });
      expect(server.listenerCount('upgrade')).to.equal(0);
      server.close();
      await once(server, 'close');
    });
  });

  it('errors when its port is taken', async () => {
    const { url } = await fixture.serve();
    const second = new ServedGateway(fixture.coordinator, { port: Number(new URL(url).port) });
    const failure: unknown = await second.completed().catch((error: unknown) => error);
    expect(failure).to.include({ code: 'EADDRINUSE' });
  });

  it('answers what comes over a connection that was made before', async () => {
    const gateway = await fixture.serve();
    const { socket, answer } = rawSocket(gateway.url);
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await once(socket, 'data');
    gateway.subscription.unsubscribe();
    socket.write(`${upgradeRequest(`/api/v2/coordinate?id=${alice}`)}\r\n`);
    expect(await answer).to.not.include(' 101 ');
  });
});
