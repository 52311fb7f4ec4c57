import { createRequire } from 'node:module';
import { Metadata, Server, ServerCredentials, makeGenericClientConstructor, credentials, status } from '@grpc/grpc-js';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { expect } from 'chai';
import { firstValueFrom, take, toArray } from 'rxjs';
import { grpcGateway, tailnetService } from '../../src/gateways/index.js';
import type { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { errorResponse } from '../../src/proto/responses.js';
import { runNode } from '../docs/runNode.js';
import { alice, bob, carol, response } from './gatewayFixture.js';
import { GrpcFixture, ServedGrpcGateway } from './grpcFixture.js';
import { closed, RawClient, statusOf } from './rawCall.js';
import { grpcClient } from './peerCall.js';

describe('grpcGateway', () => {
  let fixture: GrpcFixture;
  beforeEach(() => {
    fixture = new GrpcFixture();
  });
  afterEach(() => {
    fixture.end();
  });

  it('says where it listens', async () => {
    const { url } = await fixture.serve();
    expect(url).to.match(/^grpc:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect((await fixture.serve({ host: '::1' })).url).to.match(/^grpc:\/\/\[::1\]:/);
  });

  it('hands requests to the coordinator and responses to the peer, in order', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const { requests$, responses$ } = await fixture.coordinator.coordination(alice);
    for (const derp of [1, 2, 3]) peer.send(requests.updateSelf({ preferredDerp: derp }));
    const received = await firstValueFrom(requests$.pipe(take(3), toArray()));
    expect(received.map(({ updateSelf }) => updateSelf?.node?.preferredDerp)).to.deep.equal([1, 2, 3]);
    for (const reason of ['a', 'b', 'c']) responses$.next(response(reason));
    for (const reason of ['a', 'b', 'c']) expect((await peer.next()).peerUpdates[0]?.reason).to.equal(reason);
  });

  it('lets a client know that it is let in before there is anything to say', async () => {
    const peer = fixture.call(await fixture.serve());
    await peer.opened;
    expect(peer.messages).to.have.lengthOf(0);
  });

  it('tells the coordinator who it is, and what they may do', async () => {
    const gateway = await fixture.serve();
    const metadata = { 'x-peer-id': alice, 'x-peer-name': 'Alice', 'x-peer-role': 'client', 'x-agent-id': bob };
    await fixture.call(gateway, metadata).opened;
    const { options } = await fixture.coordinator.coordination(alice);
    expect(options.name).to.equal('Alice');
    expect(() => options.auth?.(requests.addTunnel(carol))).to.throw('invalid agent id');
    expect(await gateway.event('opened')).to.deep.equal({
      kind: 'opened',
      peerId: alice,
      name: 'Alice',
      role: 'client',
      remoteAddress: '127.0.0.1',
      protocol: 'grpc',
    });
  });

  it('keeps the calls of several peers over one socket apart', async () => {
    const gateway = await fixture.serve();
    const client = fixture.client(gateway);
    const peers = await Promise.all([alice, bob].map((id) => fixture.join(gateway, id, client)));
    (await fixture.coordinator.coordination(bob)).responses$.next(response('for Bob'));
    expect((await peers[1]?.next())?.peerUpdates[0]?.reason).to.equal('for Bob');
    expect(peers[0]?.messages).to.have.lengthOf(0);
  });

  it('counts messages and time', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.send(requests.updateSelf({}));
    await firstValueFrom(coordination.requests$);
    coordination.responses$.next(response());
    coordination.end('coordinator closed');
    await peer.ended;
    const { durationMs, ...closed } = await gateway.event('closed');
    expect(closed).to.deep.equal({
      ...{ kind: 'closed', peerId: alice, code: 1001, reason: 'coordinator closed', received: 1, sent: 2 },
    });
    expect(durationMs).to.be.at.least(0);
  });

  it('speaks to clients that are made of the service definition', async () => {
    const gateway = await fixture.serve();
    const Client = makeGenericClientConstructor(tailnetService, 'Tailnet');
    const client = new Client(new URL(gateway.url).host, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set('x-peer-id', alice);
    const call = client['coordinate']?.(metadata) as ClientDuplexStream<CoordinateRequest, CoordinateResponse>;
    call.write(requests.addTunnel(bob));
    const coordination = await fixture.coordinator.coordination(alice);
    expect((await firstValueFrom(coordination.requests$)).addTunnel?.id).to.have.lengthOf(16);
    const said = new Promise((resolve) => call.once('data', resolve));
    coordination.responses$.next(errorResponse('some complaint'));
    expect(await said).to.include({ error: 'some complaint' });
    call.on('error', () => undefined);
    client.close();
  });

  it('errors when its port is taken, with the error of the system', async () => {
    const { url } = await fixture.serve();
    const second = new ServedGrpcGateway(fixture.coordinator, { port: Number(new URL(url).port) });
    const failure: unknown = await second.completed().catch((error: unknown) => error);
    expect(failure).to.include({ code: 'EADDRINUSE', syscall: 'listen' });
  });

  it('wants limits that there are', () => {
    const shared: Record<string, number> = { maxTunnels: 5, maxFrames: 5, maxConcurrentStreams: 5 };
    expect(() => grpcGateway(fixture.coordinator, { port: 0, limits: shared })).not.to.throw();
    const limits: Record<string, number> = { maxTunnel: 5 };
    expect(() => grpcGateway(fixture.coordinator, { port: 0, limits })).to.throw(
      RangeError,
      /^there is no limit maxTunnel; there are maxMessageSize, .*, maxConcurrentStreams$/,
    );
  });

  it('wants times that a timer can wait for', () => {
    for (const limits of [{ pingPeriod: Infinity }, { handshakeTimeout: 2 ** 31 }]) {
      const [[name, value]] = Object.entries(limits) as [[string, number]];
      const error = `${name} must be at most 2147483647, got ${String(value)}`;
      expect(() => grpcGateway(fixture.coordinator, { port: 0, limits })).to.throw(RangeError, error);
    }
  });

  it('wants limits that are numbers above 0', () => {
    expect(() => grpcGateway(fixture.coordinator, { port: 0, limits: { maxConcurrentStreams: 0 } })).to.throw(
      RangeError,
      'maxConcurrentStreams must be a number above 0, got 0',
    );
  });

  it('loads grpc-js for nobody who does not serve gRPC', async () => {
    const { resolve } = createRequire(import.meta.url);
    const program = `
      await import('tailnet-coordinator');
      await import('tailnet-coordinator/gateways');
      const { createRequire } = await import('node:module');
      const { cache } = createRequire(${JSON.stringify(import.meta.url)});
      const loaded = Object.keys(cache).filter((file) => /@grpc|protobufjs/.test(file));
      console.log(loaded.length, ${JSON.stringify(resolve('@grpc/grpc-js'))} in cache);
    `;
    expect(await runNode(['--input-type=module', '-'], { input: program })).to.equal('0 false\n');
  });

  describe('on a server of somebody else', () => {
    /** A server of grpc-js, bound by its owner, and a gateway on it. */
    const attach = async (limits = {}) => {
      const server = new Server();
      const gateway = new ServedGrpcGateway(fixture.coordinator, { server, limits });
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
          if (error) reject(error);
          else resolve(bound);
        });
      });
      gateway.url = `grpc://127.0.0.1:${String(port)}`;
      return { server, gateway };
    };

    it('serves the service and nothing else', async () => {
      const { server, gateway } = await attach();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      coordination.responses$.next(response('hello'));
      expect((await peer.next()).peerUpdates[0]?.reason).to.equal('hello');
      coordination.end('coordinator closed');
      expect(await peer.ended).to.include({ code: status.UNAVAILABLE });
      expect(gateway.events.map(({ kind }) => kind)).to.deep.equal(['opened', 'closed']);
      server.forceShutdown();
    });

    it('drains, and goes on turning newcomers away as it did while it drained', async () => {
      const { server, gateway } = await attach();
      const client = grpcClient(gateway.url);
      const peer = await fixture.join(gateway, alice, client);
      gateway.drain$.next();
      expect(await fixture.call(gateway, { 'x-peer-id': bob }, { client }).ended).to.deep.equal({
        ...{ code: status.UNAVAILABLE, details: 'shutting down', messages: 0 },
      });
      (await fixture.coordinator.coordination(alice)).end('coordinator closed');
      await gateway.completed();
      await peer.ended;
      expect(await fixture.call(gateway, { 'x-peer-id': bob }, { client }).ended).to.deep.equal({
        ...{ code: status.UNAVAILABLE, details: 'shutting down', messages: 0 },
      });
      client.close();
      await new Promise((resolve) => {
        server.tryShutdown(resolve);
      });
    });

    it('makes room after its drain for another one', async () => {
      const { server, gateway } = await attach();
      // It has nobody to wait for.
      gateway.drain$.next();
      expect(await fixture.call(gateway).ended).to.include({ code: status.UNAVAILABLE });
      const next = new ServedGrpcGateway(fixture.coordinator, { server });
      await fixture.join(gateway, alice);
      next.subscription.unsubscribe();
      expect(await fixture.call(gateway, { 'x-peer-id': bob }).ended).to.include({ code: status.UNIMPLEMENTED });
      server.forceShutdown();
    });

    it('resets a call that was turned away, and that its client holds open', async () => {
      const { server, gateway } = await attach({ closeTimeout: 50 });
      const client = new RawClient(gateway.url);
      const refused = client.call({ 'x-peer-id': 'nobody' });
      await statusOf(refused);
      gateway.drain$.next();
      await gateway.completed();
      const late = client.call({ 'x-peer-id': alice });
      await statusOf(late);
      await Promise.all([refused, late].map(closed));
      client.session.destroy();
      server.forceShutdown();
    });

    it('may be subscribed again, but not twice at the same time', async () => {
      const { server, gateway } = await attach();
      const second = new ServedGrpcGateway(fixture.coordinator, { server });
      expect(await second.completed().catch((error: unknown) => String(error))).to.match(/already provided/);
      gateway.subscription.unsubscribe();
      const third = new ServedGrpcGateway(fixture.coordinator, { server });
      await fixture.join(gateway, bob);
      third.subscription.unsubscribe();
      server.forceShutdown();
    });
  });
});
