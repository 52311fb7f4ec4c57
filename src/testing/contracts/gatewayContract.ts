import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import {
  filter,
  firstValueFrom,
  lastValueFrom,
  map,
  mergeMap,
  ReplaySubject,
  Subject,
  take,
  takeWhile,
  tap,
  toArray,
} from 'rxjs';
import type { Observable, Subscription } from 'rxjs';
import { createCoordinator, type Coordinator } from '../../coordinator.js';
import type { Uuid } from '../../db/store.js';
import type { GatewayEvent } from '../../gateways/gatewayEvent.js';
import type { CoordinateRequest, CoordinateResponse, CoordinateResponse_PeerUpdate } from '../../proto/gen/tailnet.js';
import { requests } from '../../proto/requests.js';
import { PeerUpdateKind, peerIdOf } from '../../proto/responses.js';
import { aNode } from '../aNode.js';
import { alice, bob, carol } from '../cast.js';
import { memoryDatabase, type MemoryDatabase } from '../memoryDatabase.js';
import { globalTestRunner, type TestRunner } from './testRunner.js';

/** How a peer introduces itself. */
export interface Introduction {
  readonly id: Uuid;
  readonly role: 'peer' | 'agent' | 'client';
  /** The agent of a client. */
  readonly agent?: Uuid;
}

/** A peer's end of a connection, in whatever the gateway speaks. */
export interface ConnectedPeer {
  readonly send: (request: CoordinateRequest) => void;
  /** All responses from the first one on, for whoever subscribes when. */
  readonly responses$: Observable<CoordinateResponse>;
  /** Resolves when the connection is over, however it ended. */
  readonly ended: Promise<unknown>;
  /** Ends the connection in order, without a Disconnect. */
  readonly leave: () => void;
  /** Breaks the connection. */
  readonly breakOff: () => void;
  /** Stops reading, as if the peer were too slow. Left out: slow peers are not tested. */
  readonly pause?: () => void;
  readonly resume?: () => void;
}

/** A gateway to be tested, with what it takes to be its client. */
export interface GatewayUnderTest {
  /** Serves, on a free port, until it is unsubscribed from or drained. It believes what peers say about themselves. */
  readonly serve: (
    coordinator: Pick<Coordinator, 'coordinate$'>,
    drain$: Observable<unknown>,
  ) => Observable<GatewayEvent>;
  /** Connects to where the event `listening` says. Resolves when the peer was let in; rejects when it was not. */
  readonly connect: (url: string, introduction: Introduction) => Promise<ConnectedPeer>;
}

/**
 * A suite that shows whether a gateway keeps its promises to peers, in front of a real coordinator. Call it in a test file
 * of your own, under mocha, vitest, jest, or anything else with their `describe` and `it`:
 *
 * ```ts
 * gatewayContract('my gateway', {
 *   serve: (coordinator, drain$) => myGateway(coordinator, { port: 0, drain$ }),
 *   connect: async (url, { id, role, agent }) => ({ send, responses$, ended, leave, breakOff }),
 * });
 * ```
 */
export function gatewayContract(
  name: string,
  { serve, connect }: GatewayUnderTest,
  { describe, it, beforeEach, afterEach }: TestRunner = globalTestRunner(),
): void {
  describe(`${name} keeps the contract of a gateway`, () => {
    let database: MemoryDatabase;
    let coordinator: Coordinator;
    let peers: ConnectedPeer[];
    let events: GatewayEvent[];
    let event$: ReplaySubject<GatewayEvent>;
    let drain$: Subject<void>;
    let serving: Subscription;
    let url: string;
    /** What the gateway says of each peer: whether more may be sent to it. */
    let readiness: Map<Uuid, boolean>;

    beforeEach(async () => {
      database = memoryDatabase();
      coordinator = createCoordinator({
        database,
        tuning: { heartbeatPeriod: 50, heartbeatTimeout: 40, unhealthySpread: 10 },
      });
      await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
      peers = [];
      events = [];
      readiness = new Map();
      event$ = new ReplaySubject();
      drain$ = new Subject();
      event$.subscribe({ next: (event) => events.push(event), error: () => undefined });
      serving = serve(watched(coordinator), drain$).subscribe(event$);
      url = (await eventOf('listening')).url;
    });

    afterEach(async () => {
      for (const { breakOff } of peers) breakOff();
      await Promise.all(peers.map(({ ended }) => ended));
      serving.unsubscribe();
      database.faults.recover();
      await coordinator.close();
    });

    const watched = (inner: Coordinator): Pick<Coordinator, 'coordinate$'> => ({
      coordinate$: (peerId, requests$, { ready$, ...options } = {}) => {
        const noted$ = ready$?.pipe(tap((isReady) => readiness.set(peerId, isReady)));
        return inner.coordinate$(peerId, requests$, { ...options, ...(noted$ && { ready$: noted$ }) });
      },
    });

    type EventOf<Kind extends GatewayEvent['kind']> = Extract<GatewayEvent, { kind: Kind }>;
    const eventsOf = <Kind extends GatewayEvent['kind']>(kind: Kind, count: number): Promise<EventOf<Kind>[]> =>
      firstValueFrom(
        event$.pipe(
          filter((event): event is EventOf<Kind> => event.kind === kind),
          take(count),
          toArray(),
        ),
      );
    const eventOf = async <Kind extends GatewayEvent['kind']>(kind: Kind): Promise<EventOf<Kind>> => {
      const [event] = await eventsOf(kind, 1);
      if (!event) throw new Error(`the gateway completed without the event ${kind}`);
      return event;
    };

    const join = async (
      id: Uuid,
      introduction: Omit<Introduction, 'id'> = { role: 'peer' },
    ): Promise<ConnectedPeer> => {
      const peer = await connect(url, { id, ...introduction });
      peers.push(peer);
      return peer;
    };

    /** The first update about a peer that fits. */
    const sees = (
      { responses$ }: ConnectedPeer,
      about: Uuid,
      fits: (update: CoordinateResponse_PeerUpdate) => boolean,
    ): Promise<CoordinateResponse_PeerUpdate> =>
      firstValueFrom(
        responses$.pipe(
          mergeMap(({ peerUpdates }) => peerUpdates),
          filter((update) => peerIdOf(update) === about && fits(update)),
        ),
      );
    const ofKind = (kind: PeerUpdateKind) => (update: CoordinateResponse_PeerUpdate) => update.kind === kind;
    const atDerp = (derp: number) => (update: CoordinateResponse_PeerUpdate) => update.node?.preferredDerp === derp;

    /** The first error that a peer is told. */
    const errorOf = ({ responses$ }: ConnectedPeer): Promise<string> =>
      firstValueFrom(
        responses$.pipe(
          map(({ error }) => error),
          filter((error) => error !== ''),
        ),
      );

    /** An agent and its client, who see each other. */
    const meet = async (): Promise<{ agent: ConnectedPeer; client: ConnectedPeer }> => {
      const agent = await join(alice, { role: 'agent' });
      const client = await join(bob, { role: 'client', agent: alice });
      agent.send(requests.updateSelf(aNode({ of: alice, derp: 1 })));
      client.send(requests.addTunnel(alice));
      client.send(requests.updateSelf(aNode({ of: bob, derp: 2 })));
      await sees(client, alice, atDerp(1));
      await sees(agent, bob, atDerp(2));
      return { agent, client };
    };

    /** The connection of this peer is over, for the peer and in the events. */
    const endsWith = async (peer: ConnectedPeer, id: Uuid, code: number): Promise<void> => {
      await peer.ended;
      const closed$ = event$.pipe(filter((event) => event.kind === 'closed' && event.peerId === id));
      const event = await firstValueFrom(closed$);
      equal(event.kind === 'closed' && event.code, code);
    };

    it('lets peers see each other, and what changes, in order', async () => {
      const { agent, client } = await meet();
      for (const derp of [3, 4, 5]) {
        agent.send(requests.updateSelf(aNode({ of: alice, derp })));
        await sees(client, alice, atDerp(derp));
      }
      client.send(requests.updateSelf(aNode({ of: bob, derp: 6 })));
      await sees(agent, bob, atDerp(6));
    });

    it('tells who has connected, and how', async () => {
      await join(alice, { role: 'agent' });
      const { peerId, role, remoteAddress, protocol } = await eventOf('opened');
      deepEqual({ peerId, role }, { peerId: alice, role: 'agent' });
      match(remoteAddress, /\S/);
      match(protocol, /\S/);
    });

    it('ends after a Disconnect, which others see as DISCONNECTED', async () => {
      const { agent, client } = await meet();
      agent.send(requests.disconnect());
      await sees(client, alice, ofKind(PeerUpdateKind.DISCONNECTED));
      await endsWith(agent, alice, 1000);
    });

    it('shows a peer as LOST whose connection broke', async () => {
      const { agent, client } = await meet();
      agent.breakOff();
      await sees(client, alice, ofKind(PeerUpdateKind.LOST));
      await endsWith(agent, alice, 1006);
    });

    it('shows a peer as LOST that left without a Disconnect', async () => {
      const { agent, client } = await meet();
      agent.leave();
      await sees(client, alice, ofKind(PeerUpdateKind.LOST));
      await agent.ended;
      const { peerId } = await eventOf('closed');
      equal(peerId, alice);
    });

    it('says what a peer may not do, and ends; others do not notice', async () => {
      const { agent, client } = await meet();
      client.send(requests.addTunnel(carol));
      equal(await errorOf(client), `authorization: invalid agent id, expected ${alice}, got ${carol}`);
      await endsWith(client, bob, 1008);
      await sees(agent, bob, ofKind(PeerUpdateKind.LOST));
      const again = await join(bob, { role: 'client', agent: alice });
      again.send(requests.updateSelf(aNode({ of: bob, derp: 7 })));
      again.send(requests.addTunnel(alice));
      await sees(agent, bob, atDerp(7));
    });

    it('says what makes no sense, and ends', async () => {
      const peer = await join(alice);
      peer.send({ ...requests.addTunnel(bob), addTunnel: { id: new Uint8Array(3) } });
      equal(await errorOf(peer), 'add_tunnel: a peer id has 16 bytes, got 3');
      await endsWith(peer, alice, 1008);
    });

    it('goes on after a warning', async () => {
      const { agent } = await meet();
      agent.send(requests.readyForHandshake(carol));
      equal(await errorOf(agent), `you do not share a tunnel with "${carol}"`);
      agent.send(requests.disconnect());
      await endsWith(agent, alice, 1000);
    });

    it('ends the older of two connections of one peer, and says so', async () => {
      const older = await join(alice);
      older.send(requests.updateSelf(aNode({ of: alice })));
      const newer = await join(alice);
      equal(await errorOf(older), 'peer ID overwritten by new connection');
      await endsWith(older, alice, 4409);
      newer.send(requests.addTunnel(bob));
      const other = await join(bob);
      other.send(requests.updateSelf(aNode({ of: bob, derp: 3 })));
      await sees(newer, bob, atDerp(3));
    });

    it('sends peers away while the coordinator is unhealthy, those who come as well', async () => {
      const first = await join(alice);
      database.faults.goAway();
      equal(await errorOf(first), 'coordinator unhealthy');
      await endsWith(first, alice, 1013);
      const second = await join(bob);
      equal(await errorOf(second), 'coordinator unhealthy');
      await endsWith(second, bob, 1013);
    });

    it('ends in order: drained, then the coordinator closed, everybody told, and complete', async () => {
      const { agent, client } = await meet();
      drain$.next();
      await rejects(connect(url, { id: carol, role: 'peer' }));
      agent.send(requests.updateSelf(aNode({ of: alice, derp: 9 })));
      await sees(client, alice, atDerp(9));
      await coordinator.close();
      for (const peer of [agent, client]) equal(await errorOf(peer), 'coordinator closed');
      await endsWith(agent, alice, 1001);
      await endsWith(client, bob, 1001);
      await lastValueFrom(event$);
    });

    it('tells everybody when it is unsubscribed from, and lets nobody in', async () => {
      const { agent, client } = await meet();
      serving.unsubscribe();
      for (const peer of [agent, client]) {
        equal(await errorOf(peer), 'coordinator closed');
        await peer.ended;
      }
      await rejects(connect(url, { id: carol, role: 'peer' }));
    });

    it('says of each connection once that it opened, and once that it closed, with what went over it', async () => {
      const { agent, client } = await meet();
      for (const peer of [agent, client]) peer.send(requests.disconnect());
      const closed = await eventsOf('closed', 2);
      const opened = await eventsOf('opened', 2);
      deepEqual(new Set(closed.map(({ peerId }) => peerId)), new Set(opened.map(({ peerId }) => peerId)));
      equal(closed.find(({ peerId }) => peerId === alice)?.received, 2);
      equal(closed.find(({ peerId }) => peerId === bob)?.received, 3);
      drain$.next();
      await lastValueFrom(event$);
      deepEqual(events.map(({ kind }) => kind).sort(), ['closed', 'closed', 'listening', 'opened', 'opened']);
    });

    it('sends a peer that did not read for a while the newest state only', async () => {
      const watching = await join(carol);
      if (!watching.pause || !watching.resume) return;
      const busy = await join(bob);
      const quick = await join(alice);
      for (const peer of [watching, quick]) peer.send(requests.addTunnel(bob));
      const endpoints = ['x'.repeat(200_000)];
      let derp = 0;
      /** Publishes the next node of the busy one, and waits until the quick one has it. */
      const update = async (): Promise<void> => {
        derp++;
        busy.send(requests.updateSelf(aNode({ of: bob, derp, endpoints })));
        await sees(quick, bob, atDerp(derp));
      };
      await update();
      await sees(watching, bob, atDerp(1));
      watching.pause();
      while (readiness.get(carol) === true) await update();
      for (let count = 0; count < 20; count++) await update();
      watching.resume();
      await sees(watching, bob, atDerp(derp));
      const seen = await firstValueFrom(
        watching.responses$.pipe(
          mergeMap(({ peerUpdates }) => peerUpdates),
          takeWhile((one) => !atDerp(derp)(one), true),
          toArray(),
        ),
      );
      ok(seen.length < derp - 15, `${seen.length} updates of ${derp} were sent`);
    });
  });
}
