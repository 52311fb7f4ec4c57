import { once } from 'node:events';
import { connect } from 'node:net';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { EMPTY, firstValueFrom, NEVER, Observable, of, ReplaySubject, Subject, throwError } from 'rxjs';
import { peerAuth } from '../../src/auth/peerAuth.js';
import { IdentityError } from '../../src/gateways/index.js';
import type { IdentifyCall, Identity, IncomingCall } from '../../src/gateways/index.js';
import { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { alice, bob, carol } from './gatewayFixture.js';
import { GrpcFixture } from './grpcFixture.js';
import { closed, framed, RawClient, statusOf } from './rawCall.js';

const identity: Identity = { id: bob, name: 'Bob', role: 'peer', auth: peerAuth() };

describe('the beginning of a gRPC connection', () => {
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

  const rawClient = (url: string): RawClient => {
    const client = new RawClient(url);
    clients.push(client);
    return client;
  };

  it('is refused with INVALID_ARGUMENT and one line when the metadata does not say who', async () => {
    const gateway = await fixture.serve();
    const reason = 'metadata "x-peer-id" must be the UUID of the peer, got "alice"';
    expect(await fixture.call(gateway, { 'x-peer-id': 'alice' }).ended).to.deep.equal({
      ...{ code: status.INVALID_ARGUMENT, details: reason, messages: 0 },
    });
    expect(await gateway.event('rejected')).to.deep.equal({
      ...{ kind: 'rejected', status: 400, reason, remoteAddress: '127.0.0.1' },
    });
    expect(fixture.coordinator.coordinations).to.have.lengthOf(0);
  });

  it('reads nothing before it is known who calls', async () => {
    const answer$ = new Subject<Identity>();
    const gateway = await fixture.serve({ identify: () => answer$, limits: { maxMessageSize: 1000 } });
    const client = rawClient(gateway.url);
    const call = client.call({});
    // Were it read, it would end the call.
    call.write(framed(new Uint8Array(1001)));
    // The answer to what comes later over the same socket.
    await statusOf(client.call({}, '/nothing'));
    answer$.next(identity);
    expect(await gateway.event('closed')).to.include({ peerId: bob, code: 1009 });
  });

  const asked: readonly (readonly [name: string, outcome: Observable<Identity>, code: number, httpStatus: number])[] = [
    ['was wrong', throwError(() => new IdentityError('no such token')), status.INVALID_ARGUMENT, 400],
    ['was no answer', throwError(() => new IdentityError('expired', 401)), status.UNAUTHENTICATED, 401],
    ['was "no"', throwError(() => new IdentityError('blocked', 403)), status.PERMISSION_DENIED, 403],
    ['broke', throwError(() => new Error('database on fire')), status.INTERNAL, 500],
    ['is missing', EMPTY, status.INTERNAL, 500],
    ['takes too long', NEVER, status.UNAVAILABLE, 503],
  ];
  for (const [name, outcome, code, httpStatus] of asked) {
    it(`is refused with ${String(status[code])} when the answer to "who is it" ${name}`, async () => {
      const gateway = await fixture.serve({ identify: () => outcome, limits: { handshakeTimeout: 50 } });
      const { details, ...ended } = await fixture.call(gateway, {}).ended;
      expect(ended).to.deep.equal({ code, messages: 0 });
      const { reason, status: seen, error } = await gateway.event('rejected');
      expect({ reason, seen }).to.deep.equal({ reason: details, seen: httpStatus });
      expect(details).to.not.contain('fire');
      expect(error === undefined).to.equal(httpStatus < 500);
    });
  }

  it('may be decided at once, or be thrown over', async () => {
    const outcomes: (() => Identity)[] = [
      () => identity,
      () => {
        throw new IdentityError('no', 403);
      },
    ];
    const gateway = await fixture.serve({ identify: () => (outcomes.shift() ?? expect.fail())() });
    await fixture.call(gateway, {}).opened;
    expect(await gateway.event('opened')).to.include({ peerId: bob });
    expect(await fixture.call(gateway, {}).ended).to.include({ code: status.PERMISSION_DENIED, details: 'no' });
  });

  it('shows metadata and address to who decides', async () => {
    const seen$ = new ReplaySubject<IncomingCall>(1);
    const identify: IdentifyCall = (call) => {
      seen$.next(call);
      return of(identity);
    };
    await fixture.call(await fixture.serve({ identify }), { authorization: 'Bearer s3cret' }).opened;
    const { metadata, remoteAddress, clientCertificate } = await firstValueFrom(seen$);
    expect(metadata.get('authorization')).to.deep.equal(['Bearer s3cret']);
    expect(remoteAddress).to.equal('127.0.0.1');
    expect(clientCertificate).to.equal(undefined);
  });

  it('forgets who gave up while being identified', async () => {
    const asked$ = new Subject<void>();
    let isLeft = false;
    const identify: IdentifyCall = () =>
      new Observable(() => {
        asked$.next();
        return () => (isLeft = true);
      });
    const gateway = await fixture.serve({ identify });
    const wasAsked = firstValueFrom(asked$);
    const peer = fixture.call(gateway, {});
    await wasAsked;
    peer.call.cancel();
    await peer.ended;
    gateway.drain$.next();
    // It completes when nobody is counted any more.
    await gateway.completed();
    expect(isLeft).to.equal(true);
    expect(gateway.events.map(({ kind }) => kind)).to.deep.equal(['listening']);
  });

  it('may be followed at once by messages and the end of them', async () => {
    const gateway = await fixture.serve();
    const stream = rawClient(gateway.url).call({ 'x-peer-id': alice });
    stream.end(framed(CoordinateRequest.encode(requests.disconnect()).finish()));
    const coordination = await fixture.coordinator.coordination(alice);
    expect((await firstValueFrom(coordination.requests$)).disconnect).to.not.equal(undefined);
    coordination.end();
    expect(await statusOf(stream)).to.deep.equal({ http: 200, grpc: status.OK });
  });

  describe('goes wrong, and the next one gets in, after', () => {
    /** That the server is as good as before. */
    const nextGetsIn = async (gateway: { readonly url: string }) => {
      const stream = await rawClient(gateway.url).join(carol);
      const coordination = await fixture.coordinator.coordination(carol);
      stream.write(framed(CoordinateRequest.encode(requests.addTunnel(bob)).finish()));
      await firstValueFrom(coordination.requests$);
    };

    for (const path of ['/coder.tailnet.v2.Tailnet/Coordinates', '/', '/coordinate', '/%00\u00e9', '/__proto__']) {
      it(`a call of ${path}: UNIMPLEMENTED`, async () => {
        const gateway = await fixture.serve();
        const stream = rawClient(gateway.url).call({ 'x-peer-id': alice }, path);
        expect(await statusOf(stream)).to.deep.equal({ http: 200, grpc: status.UNIMPLEMENTED });
        await nextGetsIn(gateway);
      });
    }

    it('a request that is not gRPC: 415', async () => {
      const gateway = await fixture.serve();
      const stream = rawClient(gateway.url).call({ 'content-type': 'application/json' });
      expect(await statusOf(stream)).to.deep.equal({ http: 415, grpc: undefined });
      await nextGetsIn(gateway);
    });

    it('a deadline that is none: INTERNAL', async () => {
      const gateway = await fixture.serve();
      const stream = rawClient(gateway.url).call({ 'x-peer-id': alice, 'grpc-timeout': 'soon' });
      expect(await statusOf(stream)).to.include({ grpc: status.INTERNAL });
      await nextGetsIn(gateway);
    });

    for (const [name, headers] of [
      ['metadata without end', Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`x-${String(n)}`, 'x']))],
      ['an entry without end', { 'x-long': 'x'.repeat(1_000_000) }],
    ] as const) {
      it(name, async () => {
        const gateway = await fixture.serve();
        const client = rawClient(gateway.url);
        const stream = client.call({ 'x-peer-id': alice, ...headers });
        await closed(stream);
        expect(fixture.coordinator.coordinations).to.have.lengthOf(0);
        await nextGetsIn(gateway);
      });
    }

    for (const [name, bytes] of [
      ['HTTP/1', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
      ['garbage', Buffer.from(Array.from({ length: 1000 }, (_, n) => (n * 7) % 256))],
      ['a TLS greeting', Buffer.from('16030100f8010000f40303', 'hex')],
      ['a WebSocket handshake', 'GET /api/v2/coordinate HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n'],
    ] as const) {
      it(name, async () => {
        const gateway = await fixture.serve({ limits: { handshakeTimeout: 500 } });
        const { hostname, port } = new URL(gateway.url);
        const socket = connect(Number(port), hostname);
        socket.on('error', () => undefined);
        socket.resume();
        socket.write(bytes);
        await once(socket, 'close');
        await nextGetsIn(gateway);
      });
    }

    it('a client that hangs up half way', async () => {
      const gateway = await fixture.serve();
      const { hostname, port } = new URL(gateway.url);
      const socket = connect(Number(port), hostname);
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
      await once(socket, 'connect');
      socket.resetAndDestroy();
      await once(socket, 'close');
      await nextGetsIn(gateway);
    });
  });
});
