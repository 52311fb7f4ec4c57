import { once } from 'node:events';
import { expect } from 'chai';
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import { requestToJson, responseFromJson } from '../../src/proto/json.js';
import { requests } from '../../src/proto/requests.js';
import { uuidToBytes } from '../../src/proto/uuid.js';
import { alice, bob, carol, GatewayFixture, response } from './gatewayFixture.js';

describe('webSocketGateway', () => {
  let fixture: GatewayFixture;
  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(() => fixture.end());

  it('announces a connection with all that its query says', async () => {
    const gateway = await fixture.serve();
    await fixture.join(gateway, `id=${alice}&name=Alice&role=client&agent=${bob}`);
    expect(await gateway.event('opened')).to.deep.equal({
      kind: 'opened',
      peerId: alice,
      name: 'Alice',
      role: 'client',
      remoteAddress: '127.0.0.1',
      protocol: 'tailnet.v2.proto',
    });
    const { options } = await fixture.coordinator.coordination(alice);
    expect(options.name).to.equal('Alice');
    expect(() => options.auth?.(requests.addTunnel(carol))).to.throw('invalid agent id');
  });

  it('turns binary frames into requests, in order', async () => {
    const peer = await fixture.join(await fixture.serve());
    peer.send(requests.updateSelf({ preferredDerp: 1 }));
    peer.send(requests.addTunnel(bob));
    peer.send(requests.disconnect());
    const { requests$ } = await fixture.coordinator.coordination(alice);
    const received = await firstValueFrom(requests$.pipe(take(3), toArray()));
    expect(received.map(({ updateSelf }) => updateSelf?.node?.preferredDerp)).to.deep.equal([1, undefined, undefined]);
    expect(received.map(({ addTunnel }) => addTunnel?.id)).to.deep.equal([undefined, uuidToBytes(bob), undefined]);
    expect(received.map(({ disconnect }) => disconnect !== undefined)).to.deep.equal([false, false, true]);
  });

  it('turns responses into binary frames, in order', async () => {
    const peer = await fixture.join(await fixture.serve());
    const { responses$ } = await fixture.coordinator.coordination(alice);
    responses$.next(response('first'));
    responses$.next(response('second'));
    expect((await peer.next()).peerUpdates[0]?.reason).to.equal('first');
    expect((await peer.next()).peerUpdates[0]?.reason).to.equal('second');
    expect(peer.messages.map(({ isBinary }) => isBinary)).to.deep.equal([true, true]);
  });

  it('takes an empty frame for an empty request', async () => {
    const peer = await fixture.join(await fixture.serve());
    peer.webSocket.send(Buffer.alloc(0));
    const { requests$ } = await fixture.coordinator.coordination(alice);
    expect(await firstValueFrom(requests$)).to.include({ updateSelf: undefined, disconnect: undefined });
  });

  it('takes a message in pieces for one message', async () => {
    const peer = await fixture.join(await fixture.serve());
    peer.webSocket.send(Buffer.from([0x1a, 0x12, 0x0a, 0x10]), { fin: false });
    peer.webSocket.send(uuidToBytes(bob));
    const { requests$ } = await fixture.coordinator.coordination(alice);
    expect((await firstValueFrom(requests$)).addTunnel?.id).to.deep.equal(uuidToBytes(bob));
  });

  it('speaks JSON in text frames with whoever asks for it', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway, `id=${alice}`, ['tailnet.v2.json']);
    expect(peer.webSocket.protocol).to.equal('tailnet.v2.json');
    expect(await gateway.event('opened')).to.include({ protocol: 'tailnet.v2.json' });
    peer.webSocket.send(requestToJson(requests.addTunnel(bob)));
    const { requests$, responses$ } = await fixture.coordinator.coordination(alice);
    expect((await firstValueFrom(requests$)).addTunnel?.id).to.deep.equal(uuidToBytes(bob));
    responses$.next(response());
    expect(responseFromJson((await peer.nextData()).toString()).peerUpdates[0]?.id).to.deep.equal(uuidToBytes(bob));
    expect(peer.messages[0]?.isBinary).to.equal(false);
  });

  it('confirms the first subprotocol it knows, and none when none is offered', async () => {
    const gateway = await fixture.serve();
    const offering = await fixture.join(gateway, `id=${alice}`, ['tailnet.v9', 'tailnet.v2.proto', 'tailnet.v2.json']);
    const silent = await fixture.join(gateway, `id=${bob}`);
    expect(offering.webSocket.protocol).to.equal('tailnet.v2.proto');
    expect(silent.webSocket.protocol).to.equal('');
  });

  it('uses no compression', async () => {
    const peer = await fixture.join(await fixture.serve(), `id=${alice}`, [], { perMessageDeflate: true });
    expect(peer.webSocket.extensions).to.equal('');
  });

  it('reads nothing before the coordinator listens, and loses nothing by that', async () => {
    fixture.coordinator.listensLate = true;
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    for (let derp = 1; derp <= 3; derp++) peer.send(requests.updateSelf({ preferredDerp: derp }));
    const coordination = await fixture.coordinator.coordination(alice);
    // Somebody else's round trip, in which the server could have read.
    const other = await fixture.join(gateway, `id=${bob}`);
    (await fixture.coordinator.coordination(bob)).listen();
    other.webSocket.ping();
    await once(other.webSocket, 'pong');
    coordination.listen();
    const received = await firstValueFrom(coordination.requests$.pipe(take(3), toArray()));
    expect(received.map(({ updateSelf }) => updateSelf?.node?.preferredDerp)).to.deep.equal([1, 2, 3]);
  });

  it('tells how long a connection lasted and how much went over it', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway, `id=${alice}`);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.send(requests.updateSelf({}));
    peer.send(requests.addTunnel(bob));
    await firstValueFrom(coordination.requests$.pipe(take(2), toArray()));
    coordination.responses$.next(response());
    await peer.next();
    peer.webSocket.close(3000, 'bye');
    const { durationMs, ...closed } = await gateway.event('closed');
    expect(durationMs).to.be.a('number').that.is.at.least(0);
    expect(closed).to.deep.equal({ kind: 'closed', peerId: alice, code: 3000, reason: 'bye', received: 2, sent: 1 });
  });

  it('ends the requests when a peer leaves without a Disconnect, and waits for the coordinator', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.send(requests.addTunnel(bob));
    peer.webSocket.close(1000);
    const received = await lastValueFrom(coordination.requests$.pipe(toArray()));
    expect(received).to.have.lengthOf(1);
    expect(coordination.isUnsubscribed).to.equal(false);
    coordination.end();
  });

  it('lets go of the coordinator when the connection breaks', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.webSocket.terminate();
    await coordination.unsubscribed();
    expect(await gateway.event('closed')).to.include({ code: 1006 });
  });

  it('lets a Disconnect count whose sender hangs up at once', async () => {
    const gateway = await fixture.serve();
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.webSocket.send(Buffer.from([0x12, 0x00]), () => {
      peer.webSocket.terminate();
    });
    await gateway.event('closed');
    expect((await firstValueFrom(coordination.requests$)).disconnect).to.not.equal(undefined);
    expect(coordination.isUnsubscribed).to.equal(false);
    coordination.end();
  });

  it('gives a coordinator that never ends its stream as long as a close frame', async () => {
    const gateway = await fixture.serve({ limits: { closeTimeout: 20 } });
    const peer = await fixture.join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.webSocket.close(1000);
    await coordination.unsubscribed();
  });

  it('serves 500 peers who come at once, and says goodbye to each', async () => {
    const gateway = await fixture.serve();
    const count = 500;
    fixture.coordinator.onConnect = (coordination) => {
      coordination.responses$.next(response(coordination.peerId));
      coordination.requests$.subscribe({
        next: () => {
          coordination.end();
        },
        error: () => undefined,
      });
    };
    const id = (index: number) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    const closed = await Promise.all(
      Array.from({ length: count }, async (_, index) => {
        const peer = await fixture.join(gateway, `id=${id(index)}`);
        const { peerUpdates } = await peer.next();
        expect(peerUpdates[0]?.reason).to.equal(id(index));
        peer.send(requests.disconnect());
        return peer.closed;
      }),
    );
    expect(closed.map(({ code }) => code)).to.deep.equal(closed.map(() => 1000));
    const events = await gateway.eventsOf('closed', count);
    expect(new Set(events.map(({ peerId }) => peerId)).size).to.equal(count);
    expect(events.every(({ received, sent }) => received === 1 && sent === 1)).to.equal(true);
  });
});
