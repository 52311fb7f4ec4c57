import { once } from 'node:events';
import { expect } from 'chai';
import { filter, firstValueFrom } from 'rxjs';
import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import { CoordinateRequest, nilUuid, requests } from '../../src/proto/index.js';
import { alice, aNode, bob, carol, eve, memoryDatabase, testPeer, type TestPeer } from '../../src/testing/index.js';
import { PeerSocket, rawSocket, refusedUpgrade, upgradeRequest } from '../gateways/peerSocket.js';
import { ServedGateway } from '../gateways/servedGateway.js';
import { overWebSocket } from '../processes/overWebSocket.js';
import { logbook, type Logbook } from '../streams/support/logbook.js';

const path = '/api/v2/coordinate';
const noMask = [0, 0, 0, 0];

describe('a hostile peer', () => {
  let book: Logbook;
  let coordinator: Coordinator;
  let gateway: ServedGateway;
  let alices: TestPeer;
  let bobs: TestPeer;
  let derp = 0;
  const eves: PeerSocket[] = [];

  beforeEach(async () => {
    book = logbook();
    coordinator = createCoordinator({ database: memoryDatabase(), logger: book.logger });
    await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
    gateway = await ServedGateway.start(coordinator, { limits: { maxTunnels: 100, closeTimeout: 1000 } });
    const remote = overWebSocket(gateway.url, 'tailnet.v2.proto');
    [alices, bobs] = [testPeer(remote, alice), testPeer(remote, bob)];
    alices.addTunnel(bob);
    alices.addTunnel(eve);
  });

  afterEach('is noticed by nobody else', async () => {
    try {
      await nobodyNoticed();
      await alices.neverClosed();
      await bobs.neverClosed();
      expect(book.lines.filter((line) => /^(error|fatal)/.test(line))).to.deep.equal([]);
      expect(gateway.events.filter(({ kind }) => kind === 'failed')).to.deep.equal([]);
    } finally {
      for (const { webSocket } of eves) webSocket.terminate();
      await Promise.all(eves.splice(0).map(({ closed }) => closed));
      for (const peer of [alices, bobs]) peer.drop();
      gateway.subscription.unsubscribe();
      await coordinator.close();
    }
  });

  /** Alice and Bob hear of each other as ever. */
  const nobodyNoticed = async (): Promise<void> => {
    bobs.updateDerp(++derp);
    await alices.eventuallyHasDerp(bob, derp);
  };

  const join = async (query = `id=${eve}`): Promise<PeerSocket> => {
    const peer = new PeerSocket(`${gateway.url}?${query}`);
    eves.push(peer);
    await once(peer.webSocket, 'open');
    return peer;
  };

  const foreign = 'fd7a:115c:a1e0:4000:8000::b/128';
  const pretending: readonly (readonly [what: string, query: string, request: CoordinateRequest, error: RegExp])[] = [
    [
      'an agent that publishes the address of another',
      `id=${eve}&role=agent`,
      requests.updateSelf(aNode({ of: eve, addresses: [foreign] })),
      /^authorization: /,
    ],
    ['an agent that opens a tunnel', `id=${eve}&role=agent`, requests.addTunnel(alice), /^authorization: agents/],
    [
      'a client of one agent that opens a tunnel to another',
      `id=${eve}&role=client&agent=${carol}`,
      requests.addTunnel(bob),
      /^authorization: invalid agent id/,
    ],
    [
      'a client that publishes a network',
      `id=${eve}&role=client&agent=${carol}`,
      requests.updateSelf(aNode({ of: eve, addresses: ['0.0.0.0/0'] })),
      /^authorization: /,
    ],
    [
      'a client that plays the agent in a handshake',
      `id=${eve}&role=client&agent=${carol}`,
      requests.readyForHandshake(alice),
      /^authorization: /,
    ],
    ['one that opens a tunnel to nobody', `id=${eve}`, requests.addTunnel(nilUuid), /must not be the nil UUID$/],
    [
      'one that mixes what it may with what it may not',
      `id=${eve}`,
      { ...requests.addTunnel(nilUuid), updateSelf: { node: aNode({ of: eve }) } },
      /must not be the nil UUID$/,
    ],
  ];
  for (const [what, query, request, error] of pretending) {
    it(`is refused with 1008: ${what}`, async () => {
      const peer = await join(query);
      peer.send(request);
      expect((await peer.next()).error).to.match(error);
      expect(await peer.closed).to.include({ code: 1008 });
      await alices.neverSees(eve, 'node');
    });
  }

  it('is refused with 400 as nobody, and as somebody who cannot be', async () => {
    for (const query of [
      `id=${nilUuid}`,
      `id=${eve}&id=${alice}`,
      'id=%ff%fe',
      `id=${eve}&name=%00`,
      `id=${eve}&role=client&agent=${nilUuid}`,
    ]) {
      expect(await refusedUpgrade(`${gateway.url}?${query}`), query).to.include({ status: 400 });
    }
  });

  it('may have any name that is no UTF-8: what cannot be read is replaced', async () => {
    await join(`id=${eve}&name=%ff%c3`);
    const opened = gateway.events.filter((event) => event.kind === 'opened' && event.peerId === eve);
    expect(opened).to.have.lengthOf(1);
    expect(opened[0]).to.include({ name: '\ufffd\ufffd' });
  });

  const close = (...payload: readonly number[]) => [0x88, 0x80 + payload.length, ...noMask, ...payload];
  const broken: readonly (readonly [what: string, frames: readonly number[], code: number])[] = [
    ['closes with a code that is never sent', close(0x03, 0xed), 1002],
    ['closes with a code that nobody has', close(0x00, 0x01), 1002],
    ['closes with half a code', close(0x03), 1002],
    ['closes for a reason that is no UTF-8', close(0x03, 0xe8, 0xff), 1007],
    ['goes on with a message that it did not begin', [0x80, 0x80, ...noMask], 1002],
    ['begins a message within another', [0x02, 0x80, ...noMask, 0x82, 0x80, ...noMask], 1002],
    ['sends a ping that is too long', [0x89, 0xfe, 0x00, 0x7e, ...noMask], 1002],
    ['announces a frame of exabytes', [0x82, 0xff, 0x7f, ...Array<number>(7).fill(255), ...noMask], 1009],
  ];
  for (const [what, frames, code] of broken) {
    it(`is sent away with ${String(code)} when it ${what}`, async () => {
      const { socket, answer } = rawSocket(gateway.url);
      socket.write(`${upgradeRequest(`${path}?id=${eve}`)}\r\n`);
      await once(socket, 'data');
      socket.end(Buffer.from(frames));
      const text = await answer;
      expect(Buffer.from(text.slice(-4), 'latin1')).to.deep.equal(Buffer.from([0x88, 0x02, code >> 8, code & 0xff]));
    });
  }

  it('is refused with 1008 when it opens tunnels without end, and leaves none open that somebody would wait for', async () => {
    const peer = await join();
    peer.send(requests.updateSelf(aNode({ of: eve, derp: 5 })));
    await alices.eventuallyHasDerp(eve, 5);
    for (let index = 0; index <= 100; index++) {
      peer.send(requests.addTunnel(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`));
    }
    expect(await peer.closed).to.include({ code: 1008, reason: 'too many tunnels: at most 100' });
    await alices.eventuallyLost(eve);
  });

  it('is read no further when it sends requests without end, and others are served in between', async () => {
    const peer = await join();
    const request = CoordinateRequest.encode(requests.readyForHandshake(carol)).finish();
    for (let index = 0; index < 20_000; index++) peer.webSocket.send(request);
    for (let round = 0; round < 10; round++) await nobodyNoticed();
    peer.webSocket.terminate();
    await peer.closed;
    const isHers = (event: (typeof gateway.events)[number]) => event.kind === 'closed' && event.peerId === eve;
    while (!gateway.events.some(isHers)) await nobodyNoticed();
    const [closed] = gateway.events.filter(isHers);
    expect(closed?.kind === 'closed' && closed.received).to.be.below(20_000);
  });

  it('may begin a message and never end it, and ask for nothing but pongs: it costs what that takes', async () => {
    const peer = await join();
    peer.webSocket.send(Buffer.alloc(1000), { fin: false });
    for (let index = 0; index < 10; index++) {
      peer.webSocket.ping();
      await once(peer.webSocket, 'pong');
      await nobodyNoticed();
    }
    await alices.neverSees(eve, 'node');
  });

  it('that connects as the same peer hundreds of times has its newest connection, and is lost for nobody', async () => {
    const count = 300;
    const last = await join();
    last.send(requests.updateSelf(aNode({ of: eve, derp: 1 })));
    await alices.eventuallyHasDerp(eve, 1);
    const peers = await Promise.all(Array.from({ length: count }, () => join()));
    const newest = await join();
    newest.send(requests.updateSelf(aNode({ of: eve, derp: 2 })));
    await alices.eventuallyHasDerp(eve, 2);
    const codes = await Promise.all([last, ...peers].map(async ({ closed }) => (await closed).code));
    expect(new Set(codes)).to.deep.equal(new Set([4409]));
    await nobodyNoticed();
    await alices.neverSees(eve, 'lost');
    await alices.neverSees(eve, 'disconnected');
    newest.webSocket.ping();
    await once(newest.webSocket, 'pong');
  });
});
