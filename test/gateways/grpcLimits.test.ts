import { once } from 'node:events';
import { constants } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { firstValueFrom, map, NEVER, ReplaySubject, skip, Subject, take, toArray } from 'rxjs';
import { identityFromMetadata } from '../../src/gateways/index.js';
import type { IdentifyCall } from '../../src/gateways/index.js';
import { CoordinateRequest, CoordinateResponse } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { tcpProxy } from '../support/tcpProxy.js';
import { Clock } from './clock.js';
import type { Coordination } from './fakeCoordinator.js';
import { alice, bob, carol, response } from './gatewayFixture.js';
import { GrpcFixture } from './grpcFixture.js';
import type { ServedGrpcGateway } from './grpcFixture.js';
import { closed, framed, RawClient, statusOf } from './rawCall.js';

describe('the limits of a gRPC gateway', () => {
  let fixture: GrpcFixture;
  let clients: RawClient[];
  let sockets: Socket[];
  beforeEach(() => {
    fixture = new GrpcFixture();
    clients = [];
    sockets = [];
  });
  afterEach(() => {
    for (const { session } of clients) session.destroy();
    for (const socket of sockets) socket.destroy();
    fixture.end();
  });

  const rawClient = ({ url }: { readonly url: string }): RawClient => {
    const client = new RawClient(url);
    clients.push(client);
    return client;
  };

  /** A TCP connection over which nothing is said. */
  const silentSocket = async ({ url }: ServedGrpcGateway): Promise<Socket> => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket.resume();
  };

  const request = (content: CoordinateRequest): Buffer => framed(CoordinateRequest.encode(content).finish());

  /** Time enough for the server to do whatever it would do with what came before over the same socket. */
  const roundTrip = (client: RawClient): Promise<unknown> => statusOf(client.call({}, '/nothing'));

  /** Sends a message again and again, each time when the one before has left the client; until it is to stop. */
  const flood = (stream: ClientHttp2Stream, message: Buffer): { readonly sent: number; stop: () => void } => {
    const state = { sent: 0, stop: () => void (isOver = true) };
    let isOver = false;
    const next = (): void => {
      stream.write(message, (error) => {
        if (error || isOver) return;
        state.sent++;
        next();
      });
    };
    next();
    return state;
  };

  /** Resolves when no more leaves the client. */
  const settled = async (client: RawClient, state: { readonly sent: number }): Promise<void> => {
    let before: number;
    do {
      before = state.sent;
      for (let count = 0; count < 20; count++) await roundTrip(client);
    } while (state.sent !== before);
  };

  it('let a message of exactly the largest size pass', async () => {
    const peer = await fixture.join(await fixture.serve({ limits: { maxMessageSize: 1000 } }));
    // An unknown field of 997 bytes, and three for its tag and length.
    peer.call.write(Buffer.concat([Buffer.from([0x7a, 0xe5, 0x07]), Buffer.alloc(997)]));
    await firstValueFrom((await fixture.coordinator.coordination(alice)).requests$);
  });

  it('refuse one tunnel too many with an error and RESOURCE_EXHAUSTED', async () => {
    const gateway = await fixture.serve({ limits: { maxTunnels: 1 } });
    const peer = await fixture.join(gateway);
    peer.send(requests.addTunnel(bob));
    peer.send(requests.addTunnel(carol));
    const details = 'too many tunnels: at most 1';
    expect((await peer.next()).error).to.equal(details);
    expect(await peer.ended).to.deep.equal({ code: status.RESOURCE_EXHAUSTED, details, messages: 1 });
    expect(await gateway.event('closed')).to.include({ code: 1008, reason: details });
  });

  it('refuse one connection too many with UNAVAILABLE, and take the next when one has gone', async () => {
    const gateway = await fixture.serve({ limits: { maxConnections: 2 } });
    const client = fixture.client(gateway);
    const first = await fixture.join(gateway, alice, client);
    await fixture.join(gateway, bob, client);
    const reason = 'too many connections: at most 2';
    expect(await fixture.call(gateway, { 'x-peer-id': carol }, { client }).ended).to.deep.equal({
      ...{ code: status.UNAVAILABLE, details: reason, messages: 0 },
    });
    expect(await gateway.event('rejected')).to.include({ status: 503, reason });
    first.call.cancel();
    await gateway.event('closed');
    await fixture.join(gateway, carol, client);
  });

  describe('on handshakes', () => {
    it('let so many be identified at the same time, and the others wait in order', async () => {
      const asked$ = new ReplaySubject<Subject<void>>();
      let asked = 0;
      const identify: IdentifyCall = (call) => {
        asked++;
        const known$ = new Subject<void>();
        asked$.next(known$);
        return known$.pipe(map(() => identityFromMetadata(call)));
      };
      const gateway = await fixture.serve({ identify, limits: { maxHandshakes: 1 } });
      const client = rawClient(gateway);
      const ids = [alice, bob, carol];
      for (const id of ids) client.call({ 'x-peer-id': id });
      await roundTrip(client);
      for (const [index, id] of ids.entries()) {
        expect(asked).to.equal(index + 1);
        (await firstValueFrom(asked$.pipe(skip(index)))).next();
        await fixture.coordinator.coordination(id);
      }
      expect(fixture.coordinator.coordinations.map(({ peerId }) => peerId)).to.deep.equal(ids);
    });

    it('answer UNAVAILABLE to who has waited too long for a place', async () => {
      const gateway = await fixture.serve({
        ...{ identify: () => NEVER, limits: { maxHandshakes: 1, handshakeTimeout: 50 } },
      });
      for (const { code, details } of await Promise.all([1, 2].map(() => fixture.call(gateway).ended))) {
        expect({ code, details }).to.deep.equal({
          ...{ code: status.UNAVAILABLE, details: 'it took too long to find out who you are' },
        });
      }
    });
  });

  it('leave calls beyond the number of streams to the client, which keeps them', async () => {
    const gateway = await fixture.serve({ limits: { maxConcurrentStreams: 1 } });
    const client = fixture.client(gateway);
    await fixture.join(gateway, alice, client);
    const waiting = fixture.call(gateway, { 'x-peer-id': bob }, { client });
    (await fixture.coordinator.coordination(alice)).end();
    await waiting.opened;
  });

  describe('on sockets', () => {
    it('destroy the one that has been silent for longest when there are too many without a peer', async () => {
      const gateway = await fixture.serve({ limits: { maxUnfinished: 2 } });
      const connected = rawClient(gateway);
      await connected.join(alice);
      const first = await silentSocket(gateway);
      const second = await silentSocket(gateway);
      const third = await silentSocket(gateway);
      await once(first, 'close');
      expect([second, third].map(({ destroyed }) => destroyed)).to.deep.equal([false, false]);
      // Who has no peer any more counts again, and is not the oldest.
      (await fixture.coordinator.coordination(alice)).end();
      await once(second, 'close');
      expect(connected.session.destroyed).to.equal(false);
    });

    it('destroy who does not call in time, and not who has', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { handshakeTimeout: 1000 } });
      const asking = rawClient(gateway);
      await statusOf(asking.call({}, '/grpc.health.v1.Health/Check').end(framed(new Uint8Array())));
      const connected = rawClient(gateway);
      await connected.join(alice);
      const silent = await silentSocket(gateway);
      const lost = rawClient(gateway);
      await statusOf(lost.call({}, '/nothing'));
      clock.advanceTo(999);
      await roundTrip(asking);
      expect(silent.destroyed).to.equal(false);
      clock.advanceTo(1000);
      await Promise.all([once(silent, 'close'), once(lost.session, 'close')]);
      for (const client of [asking, connected]) await roundTrip(client);
    });
  });

  describe('on the rate of messages', () => {
    it('stop reading from who sends too much, until time has passed, and lose nothing', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { requestsPerSecond: 100, requestBurst: 50 } });
      const client = rawClient(gateway);
      const stream = await client.join(alice);
      const { requests$ } = await fixture.coordinator.coordination(alice);
      let received = 0;
      requests$.subscribe(() => received++);
      const send = (count: number) =>
        stream.write(Buffer.concat(Array.from({ length: count }, () => request(requests.updateSelf({})))));
      send(50);
      await firstValueFrom(requests$.pipe(take(50), toArray()));
      send(1);
      await firstValueFrom(requests$.pipe(take(51), toArray()));
      send(1);
      await roundTrip(client);
      expect(received).to.equal(51);
      // One message of debt and a tenth of a second's worth: 11 at 100 a second.
      clock.advanceTo(109);
      await roundTrip(client);
      expect(received).to.equal(51);
      clock.advanceTo(110);
      await firstValueFrom(requests$.pipe(take(52), toArray()));
    });

    it('let a sender that is not listened to wait', async () => {
      fixture.coordinator.listensLate = true;
      const gateway = await fixture.serve();
      const client = rawClient(gateway);
      const stream = await client.join(alice);
      const coordination = await fixture.coordinator.coordination(alice);
      const state = flood(stream, request(requests.updateSelf({ endpoints: ['x'.repeat(10_000)] })));
      await settled(client, state);
      // As many as windows and a few buffers hold.
      expect(state.sent).to.be.below(100);
      state.stop();
      coordination.listen();
      await firstValueFrom(coordination.requests$.pipe(take(state.sent), toArray()));
    });

    it('count bytes as well', async () => {
      const clock = new Clock();
      const gateway = await fixture.serve({ scheduler: clock, limits: { bytesPerSecond: 1000, byteBurst: 2000 } });
      const client = rawClient(gateway);
      const stream = await client.join(alice);
      const { requests$ } = await fixture.coordinator.coordination(alice);
      let received = 0;
      requests$.subscribe(() => received++);
      // 2400 bytes: 14 around the message, 6 around the text.
      const large = CoordinateRequest.encode(requests.updateSelf({ disco: 'x'.repeat(2377) })).finish();
      expect(large.length).to.equal(2386);
      stream.write(framed(large));
      await firstValueFrom(requests$);
      stream.write(request(requests.addTunnel(bob)));
      await roundTrip(client);
      expect(received).to.equal(1);
      // 400 bytes of debt and a tenth of a second's worth: 500 at 1000 a second.
      clock.advanceTo(499);
      await roundTrip(client);
      expect(received).to.equal(1);
      clock.advanceTo(500);
      await firstValueFrom(requests$.pipe(take(2), toArray()));
    });
  });

  describe('on what waits for a slow receiver', () => {
    const kilobytes64 = 'x'.repeat(65_536);

    /** Sends as long as it may; how many responses that were. */
    const fill = (coordination: Coordination, text = kilobytes64): number => {
      let count = 0;
      while (coordination.ready.at(-1) === true && count < 10_000) {
        coordination.responses$.next(response(text));
        count++;
      }
      return count;
    };

    it('tell the coordinator to wait until all was sent', async () => {
      const gateway = await fixture.serve({ limits: { highWaterMark: 300_000 } });
      const client = rawClient(gateway);
      const stream = await client.join(alice);
      const coordination = await fixture.coordinator.coordination(alice);
      const count = fill(coordination);
      expect(coordination.ready).to.deep.equal([true, false]);
      expect(count).to.equal(5);
      const ended = statusOf(stream);
      await coordination.becomes(true);
      coordination.responses$.next(response('last'));
      coordination.end('coordinator closed');
      expect(await ended).to.include({ grpc: status.UNAVAILABLE });
      expect(await gateway.event('closed')).to.include({ sent: count + 2 });
    });

    it('count small messages, too', async () => {
      const gateway = await fixture.serve();
      const stream = await rawClient(gateway).join(alice);
      const coordination = await fixture.coordinator.coordination(alice);
      expect(fill(coordination, '')).to.be.below(100);
      stream.resume();
      await coordination.becomes(true);
    });

    it('hold back no warnings, which nobody has to know: one that finds the receiver not ready is dropped', async () => {
      const gateway = await fixture.serve();
      const stream = await rawClient(gateway).join(alice);
      const coordination = await fixture.coordinator.coordination(alice);
      const count = fill(coordination);
      const warning = { peerUpdates: [], error: `you do not share a tunnel with "${bob}"` };
      for (let index = 0; index < 1000; index++) coordination.responses$.next(warning);
      const ended = statusOf(stream);
      await coordination.becomes(true);
      coordination.end('coordinator closed');
      await ended;
      expect(await gateway.event('closed')).to.include({ sent: count + 1 });
    });

    it('hold for each receiver apart, over one socket as well', async () => {
      const gateway = await fixture.serve();
      const client = rawClient(gateway);
      await client.join(alice);
      const quick = await client.join(bob);
      fill(await fixture.coordinator.coordination(alice));
      const coordination = await fixture.coordinator.coordination(bob);
      coordination.responses$.next(response('for Bob'));
      const [data] = (await once(quick, 'data')) as [Buffer];
      expect(CoordinateResponse.decode(data.subarray(5)).peerUpdates[0]?.reason).to.equal('for Bob');
      expect(coordination.ready).to.deep.equal([true]);
    });

    it('send what waits for its turn before the call ends, in order', async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      for (let index = 1; index <= 300; index++) coordination.responses$.next(response(String(index)));
      expect(coordination.ready.at(-1)).to.equal(false);
      coordination.end('coordinator closed');
      expect(await peer.ended).to.include({ messages: 301 });
      const came = peer.messages.map((data) => CoordinateResponse.decode(data).peerUpdates[0]?.reason);
      expect(came.slice(0, 300)).to.deep.equal(Array.from({ length: 300 }, (_, index) => String(index + 1)));
    });

    it('hold nobody back after the connection has ended', async () => {
      const gateway = await fixture.serve();
      const stream = await rawClient(gateway).join(alice);
      const coordination = await fixture.coordinator.coordination(alice);
      stream.write(request(requests.disconnect()));
      await firstValueFrom(coordination.requests$);
      fill(coordination);
      stream.close(constants.NGHTTP2_CANCEL);
      await coordination.becomes(true);
      for (let index = 0; index < 32; index++) coordination.responses$.next(response(kilobytes64));
      expect(coordination.ready.at(-1)).to.equal(true);
      coordination.end();
    });
  });

  it('cut off who does not answer pings, and leave alone who does', async () => {
    const gateway = await fixture.serve({ limits: { pingPeriod: 100 } });
    await using proxy = await tcpProxy(gateway.url);
    await rawClient(proxy).join(alice);
    const alive = rawClient(gateway);
    let pings = 0;
    alive.session.on('ping', () => pings++);
    await alive.join(bob);
    proxy.set('swallow');
    await (await fixture.coordinator.coordination(alice)).unsubscribed();
    expect(await gateway.event('closed')).to.include({ peerId: alice, code: 1006 });
    expect(pings).to.be.above(0);
    expect((await fixture.coordinator.coordination(bob)).isUnsubscribed).to.equal(false);
    proxy.set('cut');
  });

  it('hold for reflection, too: who does not read the answers is not asked for more questions', async () => {
    const gateway = await fixture.serve();
    const client = rawClient(gateway);
    const stream = client.call({}, '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo');
    // file_containing_symbol: "coder.tailnet.v2.Tailnet", with a host of a thousand characters before it.
    const symbol = Buffer.from('coder.tailnet.v2.Tailnet');
    const host = Buffer.concat([Buffer.from([0x0a, 0xe8, 0x07]), Buffer.alloc(1000, 'x')]);
    const question = framed(Buffer.concat([host, Buffer.from([0x22, symbol.length]), symbol]));
    const state = flood(stream, question);
    await settled(client, state);
    expect(state.sent).to.be.below(500);
    state.stop();
    stream.end();
    let answered = 0;
    stream.on('data', (data: Buffer) => (answered += data.length));
    await closed(stream);
    expect(answered).to.be.above(state.sent * 2000);
  });
});
