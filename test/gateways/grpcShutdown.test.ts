import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { BehaviorSubject, firstValueFrom, lastValueFrom, NEVER, of, Subject } from 'rxjs';
import type { Health } from '../../src/api.js';
import { grpcGateway } from '../../src/gateways/index.js';
import { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { alice, bob, response } from './gatewayFixture.js';
import { GrpcFixture } from './grpcFixture.js';
import type { ServedGrpcGateway } from './grpcFixture.js';
import { framed, RawClient, statusOf } from './rawCall.js';

describe('a gRPC gateway that stops', () => {
  let fixture: GrpcFixture;
  let clients: RawClient[];
  beforeEach(() => {
    fixture = new GrpcFixture();
    clients = [];
  });
  afterEach(() => {
    for (const { session } of clients) session.destroy();
    fixture.end();
  });

  const rawClient = ({ url }: { readonly url: string }): RawClient => {
    const client = new RawClient(url);
    clients.push(client);
    return client;
  };

  /** Whether anybody accepts TCP connections at a URL. */
  const answers = async ({ url }: ServedGrpcGateway): Promise<boolean> => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    const hasConnected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    return hasConnected;
  };

  describe('because it is unsubscribed', () => {
    it('tells every peer, ends with UNAVAILABLE and lets go of the coordinator and of its sockets', async () => {
      const gateway = await fixture.serve({ limits: { closeTimeout: 50 } });
      const client = rawClient(gateway);
      const peers = await Promise.all([alice, bob].map((id) => fixture.join(gateway, id)));
      await client.join('ca401000-0000-4000-8000-000000000003');
      const gone = once(client.session, 'close');
      gateway.subscription.unsubscribe();
      for (const peer of peers) {
        expect((await peer.next()).error).to.equal('coordinator closed');
        expect(await peer.ended).to.deep.equal({
          ...{ code: status.UNAVAILABLE, details: 'coordinator closed', messages: 1 },
        });
      }
      expect(fixture.coordinator.coordinations.every(({ isUnsubscribed }) => isUnsubscribed)).to.equal(true);
      expect(await answers(gateway)).to.equal(false);
      await gone;
    });

    it('lets a goodbye count that was accepted before', async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.send(requests.disconnect());
      await firstValueFrom(coordination.requests$);
      gateway.subscription.unsubscribe();
      expect(await peer.ended).to.include({ code: status.UNAVAILABLE });
      expect(coordination.isUnsubscribed).to.equal(false);
      coordination.end();
    });

    it('does not wait for ever for clients that do not read, or have nothing to do here', async () => {
      const gateway = await fixture.serve({ limits: { closeTimeout: 50 } });
      const stalled = rawClient(gateway);
      await stalled.join(alice);
      const coordination = await fixture.coordinator.coordination(alice);
      while (coordination.ready.at(-1) === true) coordination.responses$.next(response('x'.repeat(65_536)));
      const idle = rawClient(gateway);
      await statusOf(idle.call({}, '/nothing'));
      // A question that never comes.
      const asking = rawClient(gateway);
      asking.call({}, '/grpc.health.v1.Health/Check');
      await statusOf(asking.call({}, '/nothing'));
      const { hostname, port } = new URL(gateway.url);
      const silent = connect(Number(port), hostname).resume();
      await once(silent, 'connect');
      await statusOf(asking.call({}, '/nothing'));
      const gone = [stalled.session, idle.session, asking.session, silent].map((one) => once(one, 'close'));
      gateway.subscription.unsubscribe();
      expect(coordination.isUnsubscribed).to.equal(true);
      await Promise.all(gone);
    });

    it('refuses who is still being identified', async () => {
      const asked$ = new Subject<void>();
      const gateway = await fixture.serve({
        identify: () => {
          asked$.next();
          return NEVER;
        },
      });
      const hasAsked = firstValueFrom(asked$);
      const peer = fixture.call(gateway);
      await hasAsked;
      gateway.subscription.unsubscribe();
      expect(await peer.ended).to.include({ code: status.UNAVAILABLE, details: 'shutting down' });
    });

    it('may be subscribed again', async () => {
      const first = await fixture.serve();
      first.subscription.unsubscribe();
      await fixture.join(await fixture.serve({ port: Number(new URL(first.url).port) }));
    });
  });

  describe('because it is drained', () => {
    it('completes at once when nobody is there', async () => {
      const gateway = await fixture.serve();
      gateway.drain$.next();
      await gateway.completed();
      expect(await answers(gateway)).to.equal(false);
    });

    it('listens to nothing when that comes before it listens', async () => {
      const { url, subscription } = await fixture.serve();
      subscription.unsubscribe();
      const port = Number(new URL(url).port);
      const early$ = grpcGateway(fixture.coordinator, { host: 'localhost', port, drain$: of(undefined) });
      await lastValueFrom(early$, { defaultValue: undefined });
      await fixture.join(await fixture.serve({ host: 'localhost', port }));
    });

    it('lets nobody in, leaves those who are there, and completes when the last one has gone', async () => {
      const gateway = await fixture.serve({ limits: { closeTimeout: 50 } });
      const client = rawClient(gateway);
      const goaway = once(client.session, 'goaway');
      const first = await client.join(alice);
      const last = await fixture.join(gateway, bob);
      gateway.drain$.next();
      expect(await answers(gateway)).to.equal(false);
      // So that a client takes further calls elsewhere.
      expect(await goaway).to.have.property('0', 0);
      first.write(framed(CoordinateRequest.encode(requests.updateSelf({})).finish()));
      const coordination = await fixture.coordinator.coordination(alice);
      await firstValueFrom(coordination.requests$);
      const ended = statusOf(first);
      coordination.end('coordinator closed');
      expect(await ended).to.include({ grpc: status.UNAVAILABLE });
      const { responses$ } = await fixture.coordinator.coordination(bob);
      responses$.next(response('still served'));
      expect((await last.next()).peerUpdates[0]?.reason).to.equal('still served');
      expect(gateway.subscription.closed).to.equal(false);
      (await fixture.coordinator.coordination(bob)).end('coordinator closed');
      await gateway.completed();
      const kinds = gateway.events.map(({ kind }) => kind);
      expect(kinds).to.deep.equal(['listening', 'opened', 'opened', 'closed', 'closed']);
    });

    it('tells those who watch its health, and does not wait for them', async () => {
      const health$ = new BehaviorSubject<Health>('healthy');
      const { coordinator } = fixture;
      const gateway = await fixture.serve(
        {},
        { health$, coordinate$: (...given) => coordinator.coordinate$(...given) },
      );
      const client = rawClient(gateway);
      const watch = client.call({}, '/grpc.health.v1.Health/Watch');
      const answered = new Promise<Buffer>((resolve) => {
        let all = Buffer.alloc(0);
        watch.on('data', (data: Buffer) => (all = Buffer.concat([all, data])));
        watch.on('end', () => {
          resolve(all);
        });
      });
      const first = once(watch, 'data');
      const ended = statusOf(watch);
      watch.end(framed(new Uint8Array()));
      await first;
      gateway.drain$.next();
      await gateway.completed();
      expect(await ended).to.include({ grpc: status.UNAVAILABLE });
      // SERVING, then NOT_SERVING.
      expect(await answered).to.deep.equal(
        Buffer.concat([framed(Buffer.from([0x08, 1])), framed(Buffer.from([0x08, 2]))]),
      );
    });

    it('waits no longer than the limit for a socket without a peer', async () => {
      const gateway = await fixture.serve({ limits: { closeTimeout: 50 } });
      const client = rawClient(gateway);
      // A question that never comes.
      client.call({}, '/grpc.health.v1.Health/Check');
      const peer = await client.join(alice);
      gateway.drain$.next();
      const ended = statusOf(peer);
      (await fixture.coordinator.coordination(alice)).end('coordinator closed');
      await ended;
      await gateway.completed();
    });
  });
});
