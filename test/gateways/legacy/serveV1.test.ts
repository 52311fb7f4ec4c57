import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Duplex, PassThrough, duplexPair } from 'node:stream';
import { expect } from 'chai';
import { Observable, asyncScheduler, firstValueFrom, take, toArray } from 'rxjs';
import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { createCoordinator } from '../../../src/coordinator.js';
import { serveAgentV1, serveClientV1 } from '../../../src/gateways/index.js';
import type { GatewayEvent, V1Options } from '../../../src/gateways/index.js';
import type { CoordinateRequest } from '../../../src/proto/gen/tailnet.js';
import { requests } from '../../../src/proto/requests.js';
import { PeerUpdateKind, updatesResponse } from '../../../src/proto/responses.js';
import { uuidToBytes } from '../../../src/proto/uuid.js';
import { aNode, memoryDatabase, testPeer } from '../../../src/testing/index.js';
import { FakeCoordinator } from '../fakeCoordinator.js';
import type { Coordination } from '../fakeCoordinator.js';
import { alice, bob, carol } from '../gatewayFixture.js';
import { V1Peer, v1Node } from './v1Peer.js';

const told = (derp: number, kind: PeerUpdateKind = PeerUpdateKind.NODE) =>
  updatesResponse([{ id: uuidToBytes(bob), kind, node: aNode({ of: bob, derp }), reason: '' }]);

const derpOf = ({ updateSelf }: CoordinateRequest) => updateSelf?.node?.preferredDerp;

describe('V1 over a stream', () => {
  let coordinator: FakeCoordinator;
  const peers: V1Peer[] = [];
  beforeEach(() => {
    coordinator = new FakeCoordinator();
  });
  afterEach(() => {
    for (const peer of peers.splice(0)) {
      peer.subscription.unsubscribe();
      peer.stream.destroy();
    }
  });

  const agent = (options: Partial<V1Options> = {}, streams?: readonly [Duplex, Duplex]): V1Peer => {
    const peer = new V1Peer((stream) => serveAgentV1(coordinator, stream, { id: alice, ...options }), streams);
    peers.push(peer);
    return peer;
  };
  const requestsOf = async ({ requests$ }: Coordination, count: number) =>
    firstValueFrom(requests$.pipe(take(count), toArray()));

  it('makes what an agent sends its node, one after the other', async () => {
    const peer = agent({ name: 'Alice', remoteAddress: '192.0.2.9' });
    const coordination = await coordinator.coordination(alice);
    peer.send(`${v1Node(1)}${v1Node(2, { id: Number.MAX_SAFE_INTEGER })}\n{}`);
    const heard = await requestsOf(coordination, 3);
    expect(heard.map(derpOf)).to.deep.equal([1, 2, 0]);
    expect(heard[0]).to.deep.equal(
      requests.updateSelf({
        id: 5n,
        asOf: { seconds: 1_709_525_167n, nanos: 123_456_789 },
        key: Buffer.concat([Buffer.from('np'), Buffer.alloc(32)]),
        disco: `discokey:${'0'.repeat(64)}`,
        preferredDerp: 1,
        endpoints: ['192.0.2.1:1'],
      }),
    );
    expect(peer.events).to.deep.equal([
      {
        kind: 'opened',
        peerId: alice,
        name: 'Alice',
        role: 'agent',
        remoteAddress: '192.0.2.9',
        protocol: 'tailnet.v1',
      },
    ]);
  });

  it('asks for the tunnel of a client before anything else', async () => {
    const peer = new V1Peer((stream) => serveClientV1(coordinator, stream, { id: alice, agentId: bob }));
    peers.push(peer);
    peer.send(v1Node(1));
    const coordination = await coordinator.coordination(alice);
    const heard = await requestsOf(coordination, 2);
    expect(heard[0]).to.deep.equal(requests.addTunnel(bob));
    expect(heard.map(derpOf)).to.deep.equal([undefined, 1]);
    expect(await peer.event('opened')).to.include({ role: 'client', name: alice });
    // clientAuth holds it to its agent.
    expect(() => coordination.options.auth?.(requests.addTunnel(carol))).to.throw('invalid agent id');
  });

  it('sends arrays of the nodes that there are, and nothing of what it has no words for', async () => {
    const peer = agent();
    const { responses$ } = await coordinator.coordination(alice);
    responses$.next(told(1));
    expect(await peer.next()).to.deep.equal([
      {
        ...{ id: 1, as_of: '0001-01-01T00:00:00Z' },
        key: `nodekey:${Buffer.from(aNode({ of: bob }).key.subarray(2)).toString('hex')}`,
        ...{ disco: aNode({ of: bob }).disco, preferred_derp: 1, derp_latency: null, derp_forced_websockets: null },
        ...{ addresses: null, allowed_ips: null, endpoints: null },
      },
    ]);
    for (const kind of [PeerUpdateKind.LOST, PeerUpdateKind.DISCONNECTED, PeerUpdateKind.READY_FOR_HANDSHAKE]) {
      responses$.next(told(2, kind));
    }
    responses$.next({ peerUpdates: [], error: `you do not share a tunnel with "${bob}"` });
    responses$.next(updatesResponse([...told(3, PeerUpdateKind.LOST).peerUpdates, ...told(4).peerUpdates]));
    expect(await peer.derps()).to.deep.equal([4]);
  });

  it('leaves out a node that V1 has no words for, and sends the others', async () => {
    const peer = agent();
    const { responses$ } = await coordinator.coordination(alice);
    const [odd] = told(1).peerUpdates;
    const node = aNode({ derp: 1, key: Buffer.from('short') });
    responses$.next(updatesResponse([{ ...odd!, node }, ...told(2).peerUpdates]));
    expect(await peer.derps()).to.deep.equal([2]);
  });

  it('does not send the same twice in a row', async () => {
    const peer = agent();
    const coordination = await coordinator.coordination(alice);
    const { responses$ } = coordination;
    for (const derp of [1, 1]) responses$.next(told(derp));
    // What cannot be said does not count as something else.
    responses$.next(told(1, PeerUpdateKind.LOST));
    responses$.next(told(1));
    for (const derp of [2, 1]) responses$.next(told(derp));
    expect([await peer.derps(), await peer.derps(), await peer.derps()]).to.deep.equal([[1], [2], [1]]);
    coordination.end();
    peer.stream.end();
    expect(await peer.event('closed')).to.include({ sent: 3 });
  });

  it('reads a node whose stream is cut anywhere, be it within a character', async () => {
    const peer = agent();
    const coordination = await coordinator.coordination(alice);
    for (const byte of Buffer.from(v1Node(1, { endpoints: ['é€😀'] }))) peer.send(Buffer.of(byte));
    const [heard] = await requestsOf(coordination, 1);
    expect(heard?.updateSelf?.node?.endpoints).to.deep.equal(['é€😀']);
  });

  describe('ends', () => {
    it('when the peer ends its stream: then it is lost, for V1 knows no goodbye', async () => {
      const peer = agent();
      const coordination = await coordinator.coordination(alice);
      peer.send(v1Node(1));
      peer.stream.end();
      expect((await requestsOf(coordination, 5)).map(derpOf)).to.deep.equal([1]);
      coordination.end();
      peer.stream.resume();
      await peer.ended;
      await peer.completed();
      expect(await peer.event('closed')).to.deep.include({
        peerId: alice,
        code: 1000,
        reason: '',
        received: 1,
        sent: 0,
      });
    });

    it('when the stream breaks', async () => {
      const [mine, theirs] = duplexPair();
      const peer = agent({}, [mine, theirs]);
      const coordination = await coordinator.coordination(alice);
      theirs.destroy(new Error('connection reset'));
      await coordination.unsubscribed();
      expect(await peer.event('closed')).to.include({ code: 1006, reason: 'connection reset' });
      await peer.completed();
    });

    it('at once for a stream that was over before', async () => {
      const [mine, theirs] = duplexPair();
      theirs.destroy();
      await once(theirs, 'close');
      const peer = agent({}, [mine, theirs]);
      expect(await peer.event('closed')).to.include({ code: 1006 });
      await peer.completed();
      expect(coordinator.coordinations[0]).to.include({ isUnsubscribed: true });
    });

    for (const [error, code] of [
      ['coordinator closed', 1001],
      ['coordinator unhealthy', 1013],
      ['peer ID overwritten by new connection', 4409],
      ['authorization: invalid node address, got ::1', 1008],
    ] as const) {
      it(`when the coordinator says "${error}", of which V1 says nothing`, async () => {
        const peer = agent();
        const coordination = await coordinator.coordination(alice);
        coordination.responses$.next(told(1));
        coordination.end(error);
        expect(await peer.derps()).to.deep.equal([1]);
        peer.stream.resume();
        await peer.ended;
        peer.stream.end();
        expect(await peer.event('closed')).to.include({ code, reason: error, sent: 1 });
        await peer.completed();
      });
    }

    it('when it is unsubscribed: the stream is ended, and destroyed if the other end does not end it', async () => {
      const [mine, theirs] = duplexPair();
      const peer = agent({ limits: { closeTimeout: 10 } }, [mine, theirs]);
      const coordination = await coordinator.coordination(alice);
      peer.subscription.unsubscribe();
      await coordination.unsubscribed();
      peer.stream.resume();
      await peer.ended;
      if (!theirs.closed) await once(theirs, 'close');
      expect(theirs.destroyed).to.equal(true);
    });

    it('by an error of the stream itself, without anybody else noticing', async () => {
      const [mine, theirs] = duplexPair();
      const peer = agent({}, [mine, theirs]);
      const other = new V1Peer((stream) => serveAgentV1(coordinator, stream, { id: bob }));
      peers.push(other);
      theirs.emit('error', new Error('bad weather'));
      expect(await peer.event('closed')).to.include({ code: 1006, reason: 'bad weather' });
      other.send(v1Node(7));
      expect((await requestsOf(await coordinator.coordination(bob), 1)).map(derpOf)).to.deep.equal([7]);
    });
  });

  describe('refuses', () => {
    for (const [what, text, code, reason] of [
      ['what is no JSON', '{"id":}', 1007, /^unreadable request: Object value expected/],
      ['what is no object', 'GET / HTTP/1.1', 1007, /^unreadable request: expected a JSON object, got "G"$/],
      ['what is no node', '{"key":"x"}', 1007, /^unreadable request: key must be "nodekey:" and 64/],
      [
        'what is not in UTF-8',
        Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
        1007,
        /^unreadable request: it is not in UTF-8$/,
      ],
      ['what nests too deeply', '{"a":['.repeat(1000), 1007, /^unreadable request: nested deeper than 32 levels$/],
      ['what is too large', `{"a":"${'x'.repeat(100)}"}`, 1009, /^message too large: at most 100 bytes$/],
    ] as const) {
      it(`${what}: the peer is lost, and the event says why`, async () => {
        const peer = agent({ limits: { maxMessageSize: 100 } });
        const coordination = await coordinator.coordination(alice);
        peer.send('{}');
        peer.send(text);
        await coordination.unsubscribed();
        peer.stream.resume();
        await peer.ended;
        peer.stream.end();
        const closed = await peer.event('closed');
        expect(closed).to.include({ code, received: 2 });
        expect(closed.reason).to.match(reason);
        await peer.completed();
        expect((await requestsOf(coordination, 1)).length).to.equal(1);
      });
    }

    it('a stream that ends within an object', async () => {
      const peer = agent();
      const coordination = await coordinator.coordination(alice);
      peer.send('{"id":');
      peer.stream.resume().end();
      await coordination.unsubscribed();
      const reason = 'unreadable request: the stream ended within an object';
      expect(await peer.event('closed')).to.include({ code: 1007, reason });
    });

    it('a stream of objects', async () => {
      const [input, output] = [new PassThrough({ objectMode: true }), new PassThrough()];
      const stream = Duplex.from({ readable: input, writable: output });
      const peer = agent({ limits: { closeTimeout: 10 } }, [output, stream]);
      await coordinator.coordination(alice);
      input.write({ id: 1 });
      expect(await peer.event('closed')).to.include({ code: 1003, reason: 'the stream brings objects, not bytes' });
    });
  });

  it('takes a stream that is read as text', async () => {
    const [mine, theirs] = duplexPair();
    theirs.setEncoding('utf8');
    const peer = agent({}, [mine, theirs]);
    peer.send(v1Node(3, { endpoints: ['😀'] }));
    expect((await requestsOf(await coordinator.coordination(alice), 1)).map(derpOf)).to.deep.equal([3]);
  });

  describe('to a peer that does not read', () => {
    it('sends one piece at a time: the coordinator merges what comes meanwhile', async () => {
      const peer = agent();
      const coordination = await coordinator.coordination(alice);
      await coordination.becomes(true);
      coordination.responses$.next(told(1));
      await coordination.becomes(false);
      expect(coordination.ready).to.deep.equal([true, false]);
      expect(await peer.derps()).to.deep.equal([1]);
      await coordination.becomes(true);
    });

    it('gives up when a write takes longer than five seconds, counted for each write', () => {
      const scheduler = new TestScheduler((actual, expected) => {
        expect(actual).to.deep.equal(expected);
      });
      const taken: (() => void)[] = [];
      const stream = new Duplex({
        read: () => undefined,
        write: (_chunk, _encoding, callback) => void taken.push(callback),
      });
      const events: GatewayEvent[] = [];
      scheduler.run(({ flush }) => {
        const subscription = serveAgentV1(coordinator, stream, { id: alice, scheduler }).subscribe((event) =>
          events.push(event),
        );
        const at = (time: number, action: () => void) => scheduler.schedule(action, time);
        const say = (derp: number) => coordinator.coordinations[0]?.responses$.next(told(derp));
        at(0, () => say(1));
        at(4000, () => {
          taken.shift()?.();
          say(2);
        });
        at(8999, () => expect(stream.destroyed).to.equal(false));
        at(9001, () => expect(stream.destroyed).to.equal(true));
        at(9002, () => subscription.unsubscribe());
        flush();
      });
      expect(coordinator.coordinations[0]).to.include({ isUnsubscribed: true });
      expect(events.map(({ kind }) => kind)).to.deep.equal(['opened']);
    });

    it('says that it gave up, and why', async () => {
      const stream = new Duplex({ read: () => undefined, write: () => undefined });
      const peer = agent({ limits: { writeTimeout: 10 } }, [new PassThrough(), stream]);
      const coordination = await coordinator.coordination(alice);
      coordination.responses$.next(told(1));
      await coordination.unsubscribed();
      expect(await peer.event('closed')).to.include({
        code: 1006,
        reason: 'a write has taken longer than 10 ms',
        sent: 1,
      });
      await peer.completed();
    });
  });

  it('waits for nothing any more once it is over', async () => {
    const writes: Subscription[] = [];
    const scheduler: SchedulerLike = {
      now: () => asyncScheduler.now(),
      schedule: <T>(work: (this: SchedulerAction<T>, state?: T) => void, delay?: number, state?: T) => {
        const wait = asyncScheduler.schedule(work, delay, state);
        if (delay === 4321) writes.push(wait);
        return wait;
      },
    };
    const stream = new Duplex({ read: () => undefined, write: () => undefined });
    const peer = agent({ scheduler, limits: { writeTimeout: 4321 } }, [new PassThrough(), stream]);
    const coordination = await coordinator.coordination(alice);
    coordination.responses$.next(told(1));
    expect(writes.map(({ closed }) => closed)).to.deep.equal([false]);
    stream.destroy();
    await peer.completed();
    expect(writes.map(({ closed }) => closed)).to.deep.equal([true]);
  });

  describe('of a peer that sends too much', () => {
    it('reads no more than it may send, and goes on later with what it had read already', async () => {
      const limits = { requestBurst: 3, requestsPerSecond: 100 };
      const peer = agent({ limits });
      const coordination = await coordinator.coordination(alice);
      let heard = 0;
      coordination.requests$.subscribe(() => heard++);
      peer.send('{}'.repeat(10));
      await requestsOf(coordination, 1);
      expect(heard).to.equal(4);
      await requestsOf(coordination, 10);
      expect(heard).to.equal(10);
    });

    it('ends only when all of it was read', async () => {
      const peer = agent({ limits: { requestBurst: 1, requestsPerSecond: 500 } });
      const coordination = await coordinator.coordination(alice);
      peer.send('{}'.repeat(5));
      peer.stream.end();
      expect(await requestsOf(coordination, 100)).to.have.lengthOf(5);
    });

    it('pays for what is no object, too', async () => {
      const [mine, theirs] = duplexPair();
      const peer = agent({ limits: { bytesPerSecond: 1, byteBurst: 1000 } }, [mine, theirs]);
      await coordinator.coordination(alice);
      const read = once(theirs, 'data');
      peer.send(Buffer.alloc(10_000, ' '));
      await read;
      expect(theirs.isPaused()).to.equal(true);
    });
  });

  it('is cold, and refuses what it cannot serve at once', async () => {
    const [, stream] = duplexPair();
    const events$ = serveAgentV1(coordinator, stream, { id: alice });
    expect(events$).to.be.instanceOf(Observable);
    expect(coordinator.coordinations).to.deep.equal([]);
    expect(stream.listenerCount('data')).to.equal(0);
    expect(() => serveAgentV1(coordinator, stream, { id: 'alice' })).to.throw(TypeError, 'not a UUID: "alice"');
    expect(() => serveClientV1(coordinator, stream, { id: alice, agentId: 'bob' })).to.throw(
      TypeError,
      'not a UUID: "bob"',
    );
    expect(() => serveAgentV1(coordinator, stream, { id: alice, limits: { writeTimeout: 0 } })).to.throw(
      RangeError,
      'writeTimeout must be a number above 0, got 0',
    );
    stream.destroy();
    await once(stream, 'close');
  });

  it('takes who the peer is from a defect to a lost connection, and says so', async () => {
    coordinator.coordinate$ = () => {
      throw new TypeError('oops');
    };
    const peer = agent();
    expect(await peer.event('failed'))
      .to.have.property('error')
      .that.is.instanceOf(TypeError);
    peer.stream.resume().end();
    expect(await peer.event('closed')).to.include({ code: 1011, reason: 'internal coordinator error' });
  });
});

describe('V1 over sockets, with a real coordinator', () => {
  const openSockets = async (): Promise<{ ends: readonly [Socket, Socket]; close: () => void }> => {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const mine = connect((server.address() as AddressInfo).port, '127.0.0.1');
    const [theirs] = (await once(server, 'connection')) as [Socket];
    return { ends: [mine, theirs], close: () => server.close() };
  };

  it('connects agents and clients of either version', async () => {
    const database = memoryDatabase();
    const [north, south] = [createCoordinator({ database }), createCoordinator({ database })];
    const [agents, clients] = [await openSockets(), await openSockets()];
    const agent = new V1Peer((stream) => serveAgentV1(north, stream, { id: alice }), agents.ends);
    const client = new V1Peer((stream) => serveClientV1(south, stream, { id: carol, agentId: alice }), clients.ends);
    const bobs = testPeer(south, bob);
    bobs.addTunnel(alice);

    agent.send(v1Node(1));
    expect(await client.derps()).to.deep.equal([1]);
    await bobs.eventuallyHasDerp(alice, 1);

    client.send(v1Node(2));
    bobs.updateDerp(3);
    const seen = [...(await agent.derps()), ...(await agent.derps())];
    expect(seen).to.have.members([2, 3]);
    expect(await agent.event('opened')).to.include({ remoteAddress: '127.0.0.1' });

    // An address that is not its own: it is refused, and the others see it as lost.
    agent.send(v1Node(4, { addresses: ['fd7a:115c:a1e0::1/128'] }));
    expect(await agent.event('closed')).to.include({
      code: 1008,
      reason: 'authorization: invalid node address, got fd7a:115c:a1e0::1',
    });
    await bobs.eventuallyLost(alice);
    await bobs.neverHasDerp(alice, 4);

    client.stream.end();
    expect(await client.event('closed')).to.include({ code: 1000 });
    bobs.drop();
    await Promise.all([north.close(), south.close()]);
    for (const { ends, close } of [agents, clients]) {
      for (const end of ends) end.destroy();
      close();
    }
  });
});
