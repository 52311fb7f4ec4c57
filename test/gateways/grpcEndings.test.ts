import { once } from 'node:events';
import { constants } from 'node:http2';
import type { ClientHttp2Stream } from 'node:http2';
import { gzipSync } from 'node:zlib';
import { status } from '@grpc/grpc-js';
import { expect } from 'chai';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { CoordinateRequest } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { alice, bob, carol, response } from './gatewayFixture.js';
import { GrpcFixture } from './grpcFixture.js';
import { framed, RawClient, statusOf } from './rawCall.js';

describe('the end of a gRPC connection', () => {
  let fixture: GrpcFixture;
  beforeEach(() => {
    fixture = new GrpcFixture();
  });
  afterEach(() => {
    fixture.end();
  });

  it('is OK after a Disconnect', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.send(requests.disconnect());
    await firstValueFrom(coordination.requests$);
    coordination.end();
    expect(await peer.ended).to.deep.equal({ code: status.OK, details: 'OK', messages: 0 });
    expect(await gateway.event('closed')).to.include({ code: 1000, reason: '', received: 1, sent: 0 });
  });

  for (const [error, code, closeCode] of [
    ['coordinator closed', status.UNAVAILABLE, 1001],
    ['coordinator unhealthy', status.UNAVAILABLE, 1013],
    ['peer ID overwritten by new connection', status.ABORTED, 4409],
    ['internal coordinator error', status.INTERNAL, 1011],
    ['authorization: agents cannot open tunnels', status.PERMISSION_DENIED, 1008],
    ['update_self node is required', status.INVALID_ARGUMENT, 1008],
    ['too many requests are waiting', status.RESOURCE_EXHAUSTED, 1008],
  ] as const) {
    it(`is ${status[code]} after "${error}", which comes first`, async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      coordination.responses$.next(response());
      coordination.end(error);
      expect((await peer.next()).error).to.equal('');
      expect((await peer.next()).error).to.equal(error);
      expect(await peer.ended).to.deep.equal({ code, details: error, messages: 2 });
      expect(await gateway.event('closed')).to.include({ code: closeCode, reason: error, sent: 2 });
    });
  }

  it('is UNAVAILABLE for who connects to an unhealthy coordinator, after the error', async () => {
    fixture.coordinator.onConnect = (coordination) => {
      coordination.end('coordinator unhealthy');
    };
    const peer = await fixture.join(await fixture.serve());
    expect(await peer.ended).to.include({ code: status.UNAVAILABLE, messages: 1 });
    expect((await peer.next()).error).to.equal('coordinator unhealthy');
  });

  it('is OK when the last error was only a warning', async () => {
    const peer = await fixture.join(await fixture.serve());
    (await fixture.coordinator.coordination(alice)).end(`you do not share a tunnel with "${bob}"`);
    expect(await peer.ended).to.include({ code: status.OK, messages: 1 });
  });

  for (const [name, bytes] of [
    ['a truncated message', [0x1a, 0x12, 0x0a, 0x10, 0x01]],
    ['a length beyond the end', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['an endless number', [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['an impossible wire type', [0x0f]],
    ['a group', [0x0b, 0x0c]],
  ] as const) {
    it(`is INVALID_ARGUMENT after ${name}`, async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      peer.call.write(Buffer.from(bytes));
      expect((await peer.next()).error).to.match(/^unreadable request: /);
      expect(await peer.ended).to.include({ code: status.INVALID_ARGUMENT, messages: 1 });
      await (await fixture.coordinator.coordination(alice)).unsubscribed();
      expect(await gateway.event('closed')).to.include({ code: 1007, received: 1 });
    });
  }

  it('is RESOURCE_EXHAUSTED after a message that is too large', async () => {
    const gateway = await fixture.serve({ limits: { maxMessageSize: 1000 } });
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.call.write(Buffer.alloc(1001));
    expect(await peer.ended).to.include({ code: status.RESOURCE_EXHAUSTED });
    await coordination.unsubscribed();
    expect(await gateway.event('closed')).to.deep.include({
      ...{ code: 1009, received: 0, reason: 'Received message larger than max (1001 vs 1000)' },
    });
  });

  it('is INTERNAL when the coordinator has a defect, and its error an event', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const error = new Error('a defect');
    (await fixture.coordinator.coordination(alice)).responses$.error(error);
    expect((await peer.next()).error).to.equal('internal coordinator error');
    expect(await peer.ended).to.include({ code: status.INTERNAL, details: 'internal coordinator error' });
    expect(await gateway.event('failed')).to.deep.equal({ kind: 'failed', peerId: alice, error });
  });

  it('is INTERNAL when the coordinator throws instead of returning a stream', async () => {
    const gateway = await fixture.serve();
    const error = new TypeError('thrown');
    fixture.coordinator.coordinate$ = () => {
      throw error;
    };
    const peer = await fixture.join(gateway);
    expect(await peer.ended).to.include({ code: status.INTERNAL, messages: 1 });
    expect(await gateway.event('failed')).to.deep.equal({ kind: 'failed', peerId: alice, error });
  });

  it('is INTERNAL when a response cannot be encoded', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    const broken = response();
    Object.assign(broken, { peerUpdates: [undefined] });
    coordination.responses$.next(broken);
    expect(await peer.ended).to.include({ code: status.INTERNAL, messages: 1 });
    await coordination.unsubscribed();
    expect((await gateway.event('failed')).error).to.be.instanceOf(TypeError);
  });

  it('carries any text: of other alphabets, with halves of characters, and only the start of a long one', async () => {
    const gateway = await fixture.serve();
    for (const [id, error, details] of [
      [alice, 'Zürich 😀 100%', 'Zürich 😀 100%'],
      [bob, 'half \ud83d', 'half \ufffd'],
      [carol, 'ä'.repeat(1000), 'ä'.repeat(512)],
    ] as const) {
      const peer = await fixture.join(gateway, id);
      (await fixture.coordinator.coordination(id)).end(error);
      expect(await peer.ended).to.include({ details });
    }
  });

  it('is that of a peer who has nothing more to say and waits: OK, and the peer is lost for the coordinator', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.send(requests.addTunnel(bob));
    peer.call.end();
    // Resolves when the requests are over.
    expect((await lastValueFrom(coordination.requests$)).addTunnel).to.not.equal(undefined);
    coordination.end();
    expect(await peer.ended).to.include({ code: status.OK });
    expect(await gateway.event('closed')).to.include({ code: 1000, received: 1 });
  });

  it('is seen at once when the client cancels', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.call.cancel();
    await coordination.unsubscribed();
    expect(await gateway.event('closed')).to.include({ code: 1006, reason: '' });
  });

  it('is seen at once when the socket breaks, for all calls over it', async () => {
    const gateway = await fixture.serve();
    const client = new RawClient(gateway.url);
    await Promise.all([alice, bob].map((id) => client.join(id)));
    client.session.destroy();
    for (const id of [alice, bob]) await (await fixture.coordinator.coordination(id)).unsubscribed();
    expect((await gateway.eventsOf('closed', 2)).map(({ code }) => code)).to.deep.equal([1006, 1006]);
  });

  it('is seen when the deadline of the call is over', async () => {
    const gateway = await fixture.serve();
    const peer = fixture.call(gateway, { 'x-peer-id': alice }, { deadline: Date.now() + 200 });
    expect(await peer.ended).to.include({ code: status.DEADLINE_EXCEEDED });
    await (await fixture.coordinator.coordination(alice)).unsubscribed();
    expect(await gateway.event('closed')).to.include({ code: 1006 });
  });

  it('lets a goodbye count whose sender hung up at once', async () => {
    const gateway = await fixture.serve();
    for (const [id, hangUp] of [
      [alice, (stream: ClientHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL)],
      [bob, (stream: ClientHttp2Stream) => stream.session?.destroy()],
    ] as const) {
      const stream = await new RawClient(gateway.url).join(id);
      const coordination = await fixture.coordinator.coordination(id);
      stream.write(framed(CoordinateRequest.encode(requests.disconnect()).finish()), () => {
        hangUp(stream);
      });
      expect((await lastValueFrom(coordination.requests$)).disconnect).to.not.equal(undefined);
      expect(coordination.isUnsubscribed).to.equal(false);
      coordination.end();
    }
    const closed = await gateway.eventsOf('closed', 2);
    expect(closed.map(({ code, received }) => ({ code, received }))).to.deep.equal([
      { code: 1006, received: 1 },
      { code: 1006, received: 1 },
    ]);
  });

  for (const [name, encoding, message, code, closeCode] of [
    ['a compressed message that is none', 'gzip', Buffer.from('nonsense'), status.INTERNAL, 1007],
    ['a compression that nobody knows', 'snappy', Buffer.from('nonsense'), status.UNIMPLEMENTED, 1007],
    ['one that unpacks to too much', 'gzip', gzipSync(Buffer.alloc(1_000_000)), status.RESOURCE_EXHAUSTED, 1009],
  ] as const) {
    it(`is ${status[code]} after ${name}`, async () => {
      const gateway = await fixture.serve({ limits: { maxMessageSize: 100_000 } });
      const client = new RawClient(gateway.url);
      const stream = client.call({ 'x-peer-id': alice, 'grpc-encoding': encoding });
      const ended = statusOf(stream);
      const coordination = await fixture.coordinator.coordination(alice);
      stream.write(framed(message, { compressed: true }));
      await coordination.unsubscribed();
      expect(await gateway.event('closed')).to.include({ code: closeCode, received: 0 });
      expect(await ended).to.deep.equal({ http: 200, grpc: code });
      client.session.destroy();
    });
  }

  it('is none after a message that is compressed as it says', async () => {
    const gateway = await fixture.serve();
    const client = new RawClient(gateway.url);
    const stream = client.call({ 'x-peer-id': alice, 'grpc-encoding': 'gzip' });
    const { requests$ } = await fixture.coordinator.coordination(alice);
    const request = CoordinateRequest.encode(requests.updateSelf({ preferredDerp: 7 })).finish();
    stream.write(framed(gzipSync(request), { compressed: true }));
    expect((await firstValueFrom(requests$)).updateSelf?.node?.preferredDerp).to.equal(7);
    client.session.destroy();
  });

  it('is the end of the stream as well, some time after, for a client that says nothing to it', async () => {
    const gateway = await fixture.serve({ limits: { closeTimeout: 50 } });
    const client = new RawClient(gateway.url);
    const stream = await client.join(alice);
    const ended = statusOf(stream);
    (await fixture.coordinator.coordination(alice)).end('coordinator closed');
    expect(await ended).to.include({ grpc: status.UNAVAILABLE });
    if (!stream.closed) await once(stream, 'close');
    expect(stream.rstCode).to.equal(constants.NGHTTP2_NO_ERROR);
    client.session.destroy();
  });

  describe('with a client that does not read', () => {
    /** A peer that lets so much wait that nothing more can be sent. */
    const stall = async (client: RawClient, id = alice) => {
      const stream = await client.join(id);
      const coordination = await fixture.coordinator.coordination(id);
      while (coordination.ready.at(-1) === true) coordination.responses$.next(response('x'.repeat(65_536)));
      return { stream, coordination };
    };

    it('is not waited for longer than the limit: the call is cut off, and others over the same socket go on', async () => {
      const gateway = await fixture.serve({ limits: { closeTimeout: 50 } });
      const client = new RawClient(gateway.url);
      const other = await client.join(bob);
      const { stream, coordination } = await stall(client);
      coordination.end('coordinator closed');
      expect(await gateway.event('closed')).to.include({ code: 1001, reason: 'coordinator closed' });
      stream.resume();
      await once(stream, 'close');
      expect(stream.rstCode).to.equal(constants.NGHTTP2_CANCEL);
      other.write(framed(CoordinateRequest.encode(requests.addTunnel(carol)).finish()));
      await firstValueFrom((await fixture.coordinator.coordination(bob)).requests$);
      client.session.destroy();
    });

    it('is seen at once when it hangs up', async () => {
      const gateway = await fixture.serve();
      const client = new RawClient(gateway.url);
      const { coordination } = await stall(client);
      client.session.destroy();
      await coordination.unsubscribed();
      expect(await gateway.event('closed')).to.include({ code: 1006 });
    });
  });

  it('touches no other connection, not even one over the same socket', async () => {
    const gateway = await fixture.serve();
    const client = fixture.client(gateway);
    const peers = await Promise.all([alice, bob, carol].map((id) => fixture.join(gateway, id, client)));
    (await fixture.coordinator.coordination(alice)).responses$.error(new Error('a defect'));
    peers[1]?.call.write(Buffer.from([0x0f]));
    await peers[0]?.ended;
    await peers[1]?.ended;
    const { responses$, isUnsubscribed } = await fixture.coordinator.coordination(carol);
    responses$.next(response('still here'));
    expect((await peers[2]?.next())?.peerUpdates[0]?.reason).to.equal('still here');
    expect(isUnsubscribed).to.equal(false);
  });
});
