import { once } from 'node:events';
import { expect } from 'chai';
import { filter, firstValueFrom, NEVER, tap } from 'rxjs';
import { createCoordinator } from '../../src/coordinator.js';
import type { Coordinator } from '../../src/api.js';
import type { CoordinateResponse_PeerUpdate } from '../../src/proto/gen/tailnet.js';
import { requests } from '../../src/proto/requests.js';
import { PeerUpdateKind, peerIdOf } from '../../src/proto/responses.js';
import { alice, aNode, bob, carol, memoryDatabase } from '../../src/testing/index.js';
import type { MemoryDatabase } from '../../src/testing/index.js';
import { PeerSocket } from './peerSocket.js';
import { ServedGateway } from './servedGateway.js';

describe('a WebSocket gateway of a real coordinator', () => {
  let database: MemoryDatabase;
  let coordinator: Coordinator;
  let gateway: ServedGateway;
  let gateways: ServedGateway[];
  let peers: PeerSocket[];

  beforeEach(async () => {
    peers = [];
    database = memoryDatabase();
    coordinator = createCoordinator({
      database,
      tuning: { heartbeatPeriod: 50, heartbeatTimeout: 40, unhealthySpread: 10 },
    });
    await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
    gateway = await ServedGateway.start(coordinator);
    gateways = [gateway];
  });

  afterEach(async () => {
    for (const { webSocket } of peers) webSocket.terminate();
    await Promise.all(peers.map(({ closed }) => closed));
    for (const { subscription } of gateways) subscription.unsubscribe();
    database.faults.recover();
    await coordinator.close();
  });

  const join = async (query: string, { url } = gateway): Promise<PeerSocket> => {
    const peer = new PeerSocket(`${url}?${query}`);
    peers.push(peer);
    await once(peer.webSocket, 'open');
    return peer;
  };

  /** The next update about a peer that fits; what comes before is passed over. */
  const sees = async (
    peer: PeerSocket,
    about: string,
    fits: (update: CoordinateResponse_PeerUpdate) => boolean,
  ): Promise<CoordinateResponse_PeerUpdate> => {
    const { peerUpdates, error } = await peer.next();
    expect(error).to.equal('');
    const found = peerUpdates.find((update) => peerIdOf(update) === about && fits(update));
    return found ?? sees(peer, about, fits);
  };
  const ofKind = (kind: PeerUpdateKind) => (update: CoordinateResponse_PeerUpdate) => update.kind === kind;

  /** An agent and its client, who see each other. */
  const meet = async (): Promise<{ agent: PeerSocket; client: PeerSocket }> => {
    const agent = await join(`id=${alice}&role=agent`);
    const client = await join(`id=${bob}&role=client&agent=${alice}`);
    agent.send(requests.updateSelf(aNode({ of: alice, derp: 1 })));
    client.send(requests.addTunnel(alice));
    client.send(requests.updateSelf(aNode({ of: bob, derp: 2 })));
    expect((await sees(client, alice, ofKind(PeerUpdateKind.NODE))).node?.preferredDerp).to.equal(1);
    expect((await sees(agent, bob, ofKind(PeerUpdateKind.NODE))).node?.preferredDerp).to.equal(2);
    return { agent, client };
  };

  it('lets an agent and its client see each other, and what changes', async () => {
    const { agent, client } = await meet();
    for (const derp of [3, 4]) {
      agent.send(requests.updateSelf(aNode({ of: alice, derp })));
      expect((await sees(client, alice, () => true)).node?.preferredDerp).to.equal(derp);
    }
  });

  it('shows a peer as DISCONNECTED that has said goodbye, and closes with 1000', async () => {
    const { agent, client } = await meet();
    agent.send(requests.disconnect());
    await sees(client, alice, ofKind(PeerUpdateKind.DISCONNECTED));
    expect(await agent.closed).to.include({ code: 1000, reason: '' });
    expect(await gateway.event('closed')).to.include({ peerId: alice, code: 1000 });
  });

  it('shows a peer as DISCONNECTED that has said goodbye and hung up at once', async () => {
    const { agent, client } = await meet();
    agent.webSocket.send(Buffer.from([0x12, 0x00]), () => {
      agent.webSocket.terminate();
    });
    await sees(client, alice, ofKind(PeerUpdateKind.DISCONNECTED));
  });

  it('shows a peer as LOST whose connection broke', async () => {
    const { agent, client } = await meet();
    agent.webSocket.terminate();
    await sees(client, alice, ofKind(PeerUpdateKind.LOST));
  });

  it('shows a peer as LOST that closed without a goodbye', async () => {
    const { agent, client } = await meet();
    agent.webSocket.close(1000);
    await sees(client, alice, ofKind(PeerUpdateKind.LOST));
  });

  it('shows a peer as LOST that sent nonsense', async () => {
    const { agent, client } = await meet();
    agent.webSocket.send('nonsense');
    await sees(client, alice, ofKind(PeerUpdateKind.LOST));
    expect(await agent.closed).to.include({ code: 1003 });
  });

  it('closes with 1008 what a role may not do', async () => {
    const { client } = await meet();
    client.send(requests.addTunnel(carol));
    const reason = `authorization: invalid agent id, expected ${alice}, got ${carol}`;
    expect((await client.next()).error).to.equal(reason);
    expect(await client.closed).to.include({ code: 1008, reason });
  });

  it('goes on after a handshake that was acknowledged in vain', async () => {
    const { agent } = await meet();
    agent.send(requests.readyForHandshake(carol));
    expect((await agent.next()).error).to.equal(`you do not share a tunnel with "${carol}"`);
    agent.send(requests.disconnect());
    expect(await agent.closed).to.include({ code: 1000 });
  });

  it('closes the older of two connections of one peer with 4409', async () => {
    const first = await join(`id=${alice}`);
    first.send(requests.updateSelf(aNode({ of: alice })));
    const second = await join(`id=${alice}`);
    expect((await first.next()).error).to.equal('peer ID overwritten by new connection');
    expect(await first.closed).to.include({ code: 4409 });
    second.send(requests.disconnect());
    expect(await second.closed).to.include({ code: 1000 });
  });

  it('closes with 1013 while the coordinator is unhealthy', async () => {
    const first = await join(`id=${alice}`);
    database.faults.goAway();
    expect((await first.next()).error).to.equal('coordinator unhealthy');
    expect(await first.closed).to.include({ code: 1013 });
    const second = await join(`id=${bob}`);
    expect(await second.closed).to.include({ code: 1013, reason: 'coordinator unhealthy', messages: 1 });
  });

  it('ends in order: drained, then the coordinator closed, everybody told, and complete', async () => {
    const { agent, client } = await meet();
    gateway.drain$.next();
    await coordinator.close();
    await gateway.completed();
    for (const peer of [agent, client]) {
      expect(await peer.closed).to.include({ code: 1001, reason: 'coordinator closed' });
    }
    expect(gateway.events.filter(({ kind }) => kind === 'closed')).to.have.lengthOf(2);
  });

  it('sends a receiver that had stalled the newest state only', async () => {
    const readiness: boolean[] = [];
    const observed = await ServedGateway.start({
      coordinate$: (peerId, requests$, { ready$ = NEVER, ...options } = {}) =>
        coordinator.coordinate$(peerId, requests$, {
          ...options,
          ready$: peerId === alice ? ready$.pipe(tap((ready) => readiness.push(ready))) : ready$,
        }),
    });
    gateways.push(observed);
    const [stalled, quick, busy] = await Promise.all([alice, carol, bob].map((id) => join(`id=${id}`, observed)));
    if (!stalled || !quick || !busy) throw new Error('somebody did not join');
    for (const watcher of [stalled, quick]) watcher.send(requests.addTunnel(bob));
    const endpoints = ['x'.repeat(200_000)];
    let derp = 0;
    /** Publishes Bob's next node, and waits until Carol has it: Alice is sent it at the same time, or not at all. */
    const update = async (): Promise<void> => {
      derp++;
      busy.send(requests.updateSelf(aNode({ of: bob, derp, endpoints })));
      await sees(quick, bob, ({ node }) => node?.preferredDerp === derp);
    };
    await update();
    await sees(stalled, bob, ({ node }) => node?.preferredDerp === 1);
    stalled.webSocket.pause();
    while (readiness.at(-1) === true) await update();
    const sentUntilThen = derp;
    for (let count = 0; count < 50; count++) await update();
    stalled.webSocket.resume();
    await sees(stalled, bob, ({ node }) => node?.preferredDerp === derp);
    expect(stalled.messages).to.have.lengthOf(sentUntilThen + 1);
  });
});
