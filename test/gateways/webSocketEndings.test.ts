import { expect } from 'chai';
import { requests } from '../../src/proto/requests.js';
import { responseFromJson } from '../../src/proto/json.js';
import { alice, bob, carol, GatewayFixture, response } from './gatewayFixture.js';
import { firstValueFrom } from 'rxjs';

describe('the end of a WebSocket connection', () => {
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(() => fixture.end());

  it('is 1000 after a Disconnect', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.send(requests.disconnect());
    await firstValueFrom(coordination.requests$);
    coordination.end();
    expect(await peer.closed).to.deep.equal({ code: 1000, reason: '', messages: 0 });
    expect(await gateway.event('closed')).to.include({ code: 1000, reason: '', received: 1, sent: 0 });
  });

  for (const [error, code] of [
    ['coordinator closed', 1001],
    ['coordinator unhealthy', 1013],
    ['peer ID overwritten by new connection', 4409],
    ['internal coordinator error', 1011],
    ['authorization: agents cannot open tunnels', 1008],
    ['update_self node is required', 1008],
  ] as const) {
    it(`is ${String(code)} after "${error}", which comes first`, async () => {
      const gateway = await fixture.serve();
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      coordination.responses$.next(response());
      coordination.end(error);
      expect((await peer.next()).error).to.equal('');
      expect((await peer.next()).error).to.equal(error);
      expect(await peer.closed).to.deep.equal({ code, reason: error, messages: 2 });
      expect(await gateway.event('closed')).to.include({ code, reason: error, sent: 2 });
    });
  }

  it('is 1013 for who connects to an unhealthy coordinator, after the error', async () => {
    fixture.coordinator.onConnect = (coordination) => {
      coordination.end('coordinator unhealthy');
    };
    const peer = await fixture.join(await fixture.serve());
    expect(await peer.closed).to.deep.equal({ code: 1013, reason: 'coordinator unhealthy', messages: 1 });
    expect((await peer.next()).error).to.equal('coordinator unhealthy');
  });

  it('is 1000 when the last error was only a warning', async () => {
    const peer = await fixture.join(await fixture.serve());
    const coordination = await fixture.coordinator.coordination(alice);
    coordination.end(`you do not share a tunnel with "${bob}"`);
    expect(await peer.closed).to.include({ code: 1000, messages: 1 });
  });

  it('is judged by the last response, not by an earlier one', async () => {
    const peer = await fixture.join(await fixture.serve());
    const coordination = await fixture.coordinator.coordination(alice);
    coordination.responses$.next({ peerUpdates: [], error: 'some complaint' });
    coordination.responses$.next(response());
    coordination.end();
    expect(await peer.closed).to.include({ code: 1000, messages: 2 });
  });

  it('is 1003 after a text frame where binary ones are spoken', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    peer.webSocket.send('{}');
    const text = 'tailnet.v2.proto is spoken in binary frames, not text ones';
    expect((await peer.next()).error).to.equal(text);
    expect(await peer.closed).to.deep.equal({ code: 1003, reason: text, messages: 1 });
    await (await fixture.coordinator.coordination(alice)).unsubscribed();
    expect(await gateway.event('closed')).to.include({ code: 1003, reason: text });
  });

  it('is 1003 after a binary frame where text ones are spoken', async () => {
    const peer = await fixture.join(await fixture.serve(), `id=${alice}`, ['tailnet.v2.json']);
    peer.webSocket.send(Buffer.alloc(0));
    const text = 'tailnet.v2.json is spoken in text frames, not binary ones';
    expect(responseFromJson((await peer.nextData()).toString()).error).to.equal(text);
    expect(await peer.closed).to.include({ code: 1003, reason: text });
  });

  for (const [name, bytes] of [
    ['a truncated message', [0x1a, 0x12, 0x0a, 0x10, 0x01]],
    ['a length beyond the end', [0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ['an endless number', [0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]],
    ['an impossible wire type', [0x0f]],
  ] as const) {
    it(`is 1007 after ${name}`, async () => {
      const peer = await fixture.join(await fixture.serve());
      peer.webSocket.send(Buffer.from(bytes));
      expect((await peer.next()).error).to.match(/^unreadable request: /);
      expect(await peer.closed).to.include({ code: 1007, messages: 1 });
      const coordination = await fixture.coordinator.coordination(alice);
      await coordination.unsubscribed();
    });
  }

  for (const text of ['', '{', '[]', '{"addTunnel":{"id":"?"}}', 'null']) {
    it(`is 1007 after the JSON text ${JSON.stringify(text)}`, async () => {
      const peer = await fixture.join(await fixture.serve(), `id=${alice}`, ['tailnet.v2.json']);
      peer.webSocket.send(text);
      expect(responseFromJson((await peer.nextData()).toString()).error).to.match(/^unreadable request: not a Coord/);
      expect(await peer.closed).to.include({ code: 1007, messages: 1 });
    });
  }

  it('is 1011 when the coordinator has a defect, and its error an event', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const error = new Error('a defect');
    (await fixture.coordinator.coordination(alice)).responses$.error(error);
    expect((await peer.next()).error).to.equal('internal coordinator error');
    expect(await peer.closed).to.include({ code: 1011, reason: 'internal coordinator error' });
    expect(await gateway.event('failed')).to.deep.equal({ kind: 'failed', peerId: alice, error });
  });

  it('is 1011 when the coordinator throws instead of returning a stream', async () => {
    const gateway = await fixture.serve();
    const error = new TypeError('thrown');
    fixture.coordinator.coordinate$ = () => {
      throw error;
    };
    const peer = await fixture.join(gateway);
    expect(await peer.closed).to.include({ code: 1011, messages: 1 });
    expect(await gateway.event('failed')).to.deep.equal({ kind: 'failed', peerId: alice, error });
  });

  it('is 1011 when a response cannot be encoded', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    const broken = response();
    Object.assign(broken, { peerUpdates: [undefined] });
    coordination.responses$.next(broken);
    expect(await peer.closed).to.include({ code: 1011, messages: 1 });
    await coordination.unsubscribed();
    expect((await gateway.event('failed')).error).to.be.instanceOf(TypeError);
  });

  for (const [name, frame] of [
    ['is spoken otherwise', '{}'],
    ['is too large', Buffer.alloc(2000)],
  ] as const) {
    it(`does not wait for the close frame of a peer to count it as lost whose message ${name}`, async () => {
      const gateway = await fixture.serve({ limits: { closeTimeout: 60_000, maxMessageSize: 1000 } });
      const peer = await fixture.join(gateway);
      const coordination = await fixture.coordinator.coordination(alice);
      peer.webSocket.send(frame);
      peer.webSocket.pause();
      await coordination.unsubscribed();
      expect(gateway.events.map(({ kind }) => kind)).to.deep.equal(['listening', 'opened']);
    });
  }

  it('touches no other connection', async () => {
    const gateway = await fixture.serve();
    const peers = await Promise.all([alice, bob, carol].map((id) => fixture.join(gateway, `id=${id}`)));
    (await fixture.coordinator.coordination(alice)).responses$.error(new Error('a defect'));
    peers[1]?.webSocket.send('not protobuf');
    await peers[0]?.closed;
    await peers[1]?.closed;
    const { responses$, isUnsubscribed } = await fixture.coordinator.coordination(carol);
    responses$.next(response('still here'));
    expect((await peers[2]?.next())?.peerUpdates[0]?.reason).to.equal('still here');
    expect(isUnsubscribed).to.equal(false);
  });

  it('is not waited for longer than the limit when the peer does not answer the close frame', async () => {
    const gateway = await fixture.serve({ limits: { closeTimeout: 20 } });
    const peer = await fixture.join(gateway);
    peer.webSocket.pause();
    (await fixture.coordinator.coordination(alice)).end('coordinator closed');
    expect(await gateway.event('closed')).to.include({ code: 1001, reason: 'coordinator closed' });
  });
});
