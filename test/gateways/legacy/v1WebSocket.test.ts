import { once } from 'node:events';
import { expect } from 'chai';
import { firstValueFrom, take, toArray } from 'rxjs';
import { WebSocket as UndiciWebSocket } from 'undici';
import { agentAuth } from '../../../src/auth/agentAuth.js';
import { clientAuth } from '../../../src/auth/clientAuth.js';
import { createCoordinator } from '../../../src/coordinator.js';
import { webSocketGateway } from '../../../src/gateways/index.js';
import { requests } from '../../../src/proto/requests.js';
import { PeerUpdateKind, updatesResponse } from '../../../src/proto/responses.js';
import { uuidToBytes } from '../../../src/proto/uuid.js';
import { aNode, memoryDatabase, testPeer } from '../../../src/testing/index.js';
import { GatewayFixture, alice, bob, carol } from '../gatewayFixture.js';
import { PeerSocket, refusedUpgrade } from '../peerSocket.js';
import { ServedGateway } from '../servedGateway.js';
import { v1Node } from './v1Peer.js';
import type { V1NodeJson } from './v1Peer.js';

/** Where V1 is spoken at a gateway whose URL is that of the other path. */
const v1UrlOf = ({ url }: { readonly url: string }): string => url.replace('/api/v2/', '/api/v1/');

const told = (derp: number, more = {}) =>
  updatesResponse([
    { id: uuidToBytes(bob), kind: PeerUpdateKind.NODE, node: aNode({ of: bob, derp, ...more }), reason: '' },
  ]);

describe('V1 over a WebSocket', () => {
  let fixture: GatewayFixture;
  const sockets: PeerSocket[] = [];
  beforeEach(() => {
    fixture = new GatewayFixture();
  });
  afterEach(async () => {
    for (const { webSocket, closed } of sockets.splice(0)) {
      webSocket.terminate();
      await closed;
    }
    await fixture.end();
  });

  const serve = (options: Parameters<GatewayFixture['serve']>[0] = {}) => fixture.serve({ v1: {}, ...options });
  const join = async (gateway: ServedGateway, query = `id=${alice}&role=agent`): Promise<PeerSocket> => {
    const peer = new PeerSocket(`${v1UrlOf(gateway)}?${query}`);
    sockets.push(peer);
    await once(peer.webSocket, 'open');
    return peer;
  };
  const nodesIn = (data: Buffer): readonly number[] =>
    (JSON.parse(data.toString()) as readonly V1NodeJson[]).map(({ preferred_derp: derp }) => derp);

  it('is a stream of bytes in binary frames, cut anywhere, of which the identity says whose it is', async () => {
    const gateway = await serve();
    const peer = await join(gateway, `id=${alice}&role=client&agent=${bob}&name=Alice`);
    const bytes = Buffer.from(v1Node(1, { endpoints: ['é'] }) + v1Node(2));
    const middle = bytes.indexOf(Buffer.from('é')) + 1;
    peer.webSocket.send(bytes.subarray(0, middle));
    peer.webSocket.send(bytes.subarray(middle));
    const coordination = await fixture.coordinator.coordination(alice);
    const heard = await firstValueFrom(coordination.requests$.pipe(take(3), toArray()));
    expect(heard[0]).to.deep.equal(requests.addTunnel(bob));
    expect(heard.slice(1).map(({ updateSelf }) => updateSelf?.node?.preferredDerp)).to.deep.equal([1, 2]);
    expect(heard[1]?.updateSelf?.node?.endpoints).to.deep.equal(['é']);
    expect(await gateway.event('opened')).to.deep.equal({
      ...{ kind: 'opened', peerId: alice, name: 'Alice', role: 'client' },
      ...{ remoteAddress: '127.0.0.1', protocol: 'tailnet.v1' },
    });

    coordination.responses$.next(told(3));
    expect(nodesIn(await peer.nextData())).to.deep.equal([3]);
    expect(peer.messages[0]?.isBinary).to.equal(true);

    coordination.end('coordinator closed');
    expect(await peer.closed).to.deep.equal({ code: 1001, reason: 'coordinator closed', messages: 1 });
    expect(await gateway.event('closed')).to.include({ code: 1001, received: 2, sent: 1 });
  });

  it('lets agents have no tunnels, and peers of no special role none either', async () => {
    const gateway = await serve();
    for (const [id, role] of [
      [alice, 'agent'],
      [carol, 'peer'],
    ] as const) {
      const peer = await join(gateway, `id=${id}&role=${role}`);
      peer.webSocket.send(Buffer.from('{}'));
      const coordination = await fixture.coordinator.coordination(id);
      const [first] = await firstValueFrom(coordination.requests$.pipe(take(1), toArray()));
      expect(first?.updateSelf?.node).not.to.equal(undefined);
    }
  });

  it('is lost when its WebSocket is closed, in whatever way: it knows no goodbye', async () => {
    const gateway = await serve();
    const peer = await join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.webSocket.close(1000, 'bye');
    expect(await firstValueFrom(coordination.requests$.pipe(toArray()))).to.deep.equal([]);
    coordination.end();
    expect(await gateway.event('closed')).to.include({ code: 1000, reason: 'bye' });
  });

  for (const [what, data, code, reason] of [
    ['text', '{}', 1003, 'tailnet.v1 is spoken in binary frames, not text ones'],
    ['what is no JSON', Buffer.from('hello'), 1007, 'unreadable request: expected a JSON object, got "h"'],
  ] as const) {
    it(`ends at ${what}, and the close frame says why`, async () => {
      const gateway = await serve();
      const peer = await join(gateway);
      peer.webSocket.send(data);
      expect(await peer.closed).to.deep.equal({ code, reason, messages: 0 });
      await (await fixture.coordinator.coordination(alice)).unsubscribed();
      expect(await gateway.event('closed')).to.include({ code, reason });
    });
  }

  it('shares the limits of the gateway, with those who connect to the other path', async () => {
    const gateway = await serve({ limits: { maxConnections: 2 }, v1: { maxMessageSize: 100 } });
    await fixture.join(gateway, `id=${bob}`);
    const peer = await join(gateway);
    const refused = await refusedUpgrade(`${v1UrlOf(gateway)}?id=${carol}`);
    expect([refused.status, refused.body]).to.deep.equal([503, 'too many connections: at most 2\n']);
    peer.webSocket.send(Buffer.from(`{"a":"${'x'.repeat(60)}`));
    peer.webSocket.send(Buffer.from(`${'x'.repeat(60)}"}`));
    expect(await peer.closed).to.include({ code: 1009, reason: 'message too large: at most 100 bytes' });
  });

  it('is asked for signs of life', async () => {
    const gateway = await serve({ limits: { pingPeriod: 20 } });
    const peer = new PeerSocket(`${v1UrlOf(gateway)}?id=${alice}`, undefined, { autoPong: false });
    sockets.push(peer);
    expect(await gateway.event('closed')).to.include({ code: 1006, reason: 'no sign of life' });
  });

  it('cuts off who does not take what is written in time', async () => {
    const gateway = await serve({ v1: { writeTimeout: 50 } });
    const peer = await join(gateway);
    const coordination = await fixture.coordinator.coordination(alice);
    peer.webSocket.pause();
    // More than the buffers of both ends take.
    coordination.responses$.next(told(1, { endpoints: Array.from({ length: 32 }, () => 'x'.repeat(1024 * 1024)) }));
    await coordination.unsubscribed();
    const reason = 'a write has taken longer than 50 ms';
    expect(await gateway.event('closed')).to.include({ code: 1006, reason });
    peer.webSocket.resume();
  });

  describe('is refused', () => {
    it('unless the gateway serves it', async () => {
      const gateway = await fixture.serve();
      const refused = await refusedUpgrade(`${v1UrlOf(gateway)}?id=${alice}`);
      const body = 'not found; WebSockets are served at /api/v2/coordinate\n';
      expect(refused).to.deep.include({ status: 404, body });
    });

    it('at a third path, and told of both', async () => {
      const gateway = await serve();
      const refused = await refusedUpgrade(`${gateway.url.replace('v2', 'v3')}?id=${alice}`);
      const body = 'not found; WebSockets are served at /api/v2/coordinate and /api/v1/coordinate\n';
      expect(refused).to.deep.include({ status: 404, body });
    });

    it('with a subprotocol, for it has none', async () => {
      const gateway = await serve();
      const refused = await refusedUpgrade(`${v1UrlOf(gateway)}?id=${alice}`, ['tailnet.v2.json']);
      const body = 'V1 has no WebSocket subprotocols: offer none, got "tailnet.v2.json"\n';
      expect(refused).to.deep.include({ status: 400, body });
    });

    it('to who does not upgrade, with what it takes', async () => {
      const gateway = await serve();
      const answer = await fetch(v1UrlOf(gateway).replace('ws', 'http'));
      expect([answer.status, await answer.text()]).to.deep.equal([
        426,
        'this path takes WebSockets: GET with "Upgrade: websocket", binary frames that carry the stream of V1, no subprotocol\n',
      ]);
    });

    it('to a client of whom nobody knows the agent: a defect of whoever identifies', async () => {
      const identify = () => ({ id: alice, name: 'Alice', role: 'client', auth: clientAuth(bob) }) as const;
      const gateway = await serve({ identify });
      const refused = await refusedUpgrade(v1UrlOf(gateway));
      expect(refused).to.deep.include({ status: 500, body: 'internal error\n' });
      const { error } = await gateway.event('rejected');
      expect(error).to.be.instanceOf(TypeError).with.property('message', 'V1 needs the agentId of a client');
      expect(fixture.coordinator.coordinations).to.deep.equal([]);
    });
  });

  it('may have another path, but not that of the other version, and wants limits that are some', async () => {
    const identify = () => ({ id: alice, name: 'Alice', role: 'agent', auth: agentAuth(alice) }) as const;
    const gateway = await serve({ identify, path: '/new', v1: { path: '/old' } });
    const peer = new PeerSocket(gateway.url.replace('/new', '/old'));
    sockets.push(peer);
    await once(peer.webSocket, 'open');
    const same = { port: 0, path: '/a', v1: { path: '/a' } };
    expect(() => webSocketGateway(fixture.coordinator, same)).to.throw(TypeError, 'V1 needs a path of its own, got /a');
    const at = (path: string) => () => webSocketGateway(fixture.coordinator, { port: 0, v1: { path } });
    expect(at('v1')).to.throw(TypeError, 'v1.path: must begin with "/", got "v1"');
    expect(() => webSocketGateway(fixture.coordinator, { port: 0, path: 'v2' })).to.throw(
      TypeError,
      'path: must begin with "/", got "v2"',
    );
    expect(() => webSocketGateway(fixture.coordinator, { port: 0, v1: { writeTimeout: 0 } })).to.throw(
      RangeError,
      'writeTimeout must be a number above 0, got 0',
    );
  });
});

describe('V1 over the WebSocket of another library', () => {
  it('connects an agent and a client, beside peers of the newer version', async () => {
    const database = memoryDatabase();
    const coordinators = [createCoordinator({ database }), createCoordinator({ database })] as const;
    const gateways = await Promise.all(coordinators.map((one) => ServedGateway.start(one, { v1: {} })));
    const [north, south] = gateways.map(v1UrlOf);
    const open = async (url: string): Promise<{ socket: UndiciWebSocket; next: () => Promise<readonly number[]> }> => {
      const socket = new UndiciWebSocket(url);
      socket.binaryType = 'arraybuffer';
      const heard: string[] = [];
      let notify = (): void => undefined;
      socket.addEventListener('message', ({ data }) => {
        heard.push(Buffer.from(data as ArrayBuffer).toString());
        notify();
      });
      await once(socket, 'open');
      const next = async (): Promise<readonly number[]> => {
        if (heard.length === 0) await new Promise<void>((resolve) => (notify = resolve));
        const nodes = JSON.parse(heard.shift() ?? '[]') as readonly V1NodeJson[];
        return nodes.map(({ preferred_derp: derp }) => derp);
      };
      return { socket, next };
    };

    const agent = await open(`${north ?? ''}?id=${alice}&role=agent`);
    const client = await open(`${south ?? ''}?id=${carol}&role=client&agent=${alice}`);
    const bobs = testPeer(coordinators[0], bob);
    bobs.addTunnel(alice);

    // In the middle of an object, and two objects in one frame.
    const text = v1Node(1);
    agent.socket.send(Buffer.from(text.slice(0, 10)));
    agent.socket.send(Buffer.from(text.slice(10)));
    expect(await client.next()).to.deep.equal([1]);
    await bobs.eventuallyHasDerp(alice, 1);
    client.socket.send(Buffer.from(v1Node(2)));
    expect(await agent.next()).to.deep.equal([2]);
    bobs.updateDerp(3);
    expect(await agent.next()).to.deep.equal([3]);

    // Nothing is said of a client that is lost: the agent hears of the next one who is there.
    client.socket.close();
    await gateways[1]?.event('closed');
    bobs.updateDerp(4);
    expect(await agent.next()).to.deep.equal([4]);

    const closed = once(agent.socket, 'close') as Promise<[{ code: number; reason: string }]>;
    await coordinators[0].close();
    const [{ code, reason }] = await closed;
    expect({ code, reason }).to.deep.equal({ code: 1001, reason: 'coordinator closed' });
    await coordinators[1].close();
    for (const { subscription } of gateways) subscription.unsubscribe();
  });
});
