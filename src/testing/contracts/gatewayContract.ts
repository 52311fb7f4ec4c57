import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { BehaviorSubject, concat, NEVER, of, tap } from 'rxjs';
import { closeCodes } from '../../gateways/closeCode.js';
import type { CoordinateResponse, Node } from '../../proto/gen/tailnet.js';
import { requestToJson } from '../../proto/json.js';
import { requests } from '../../proto/requests.js';
import { closeErrors, errorResponse, PeerUpdateKind, updatesResponse } from '../../proto/responses.js';
import { nilUuid, uuidToBytes } from '../../proto/uuid.js';
import { aNode } from '../aNode.js';
import { alice, bob, carol, dave } from '../cast.js';
import type { TestPeer } from '../testPeer.js';
import { GatewayStage, type GatewayUnderTest } from './gatewayStage.js';
import { globalTestRunner, type TestRunner } from './testRunner.js';

/** What a gateway may let pile up for a slow receiver before it says so: the buffers of the system included, generously. */
const patienceBytes = 64 * 1024 * 1024;
const updateBytes = 256 * 1024;

const aboutBob = (node: Node, reason = ''): CoordinateResponse =>
  updatesResponse([{ id: uuidToBytes(bob), kind: PeerUpdateKind.NODE, node, reason }]);

/**
 * A suite that shows whether a gateway keeps its promises: what it owes to a coordinator, and to the peers behind it. It
 * runs the gateway in front of a real coordinator on a memory database, and connects to it over its own transport. Call
 * it in a test file of your own, under mocha, vitest, jest, or anything else with their `describe` and `it`. A test may
 * take 20 s when the gateway does not do what it owes:
 *
 * ```ts
 * gatewayContract('my gateway', async () => ({
 *   gateway: (coordinator, drain$) => myGateway(coordinator, { port: 0, drain$ }),
 *   client: (url) => ({ coordinate$: (peerId, requests$, options) => … }),
 * }));
 * ```
 */
export function gatewayContract(
  name: string,
  setup: () => Promise<GatewayUnderTest>,
  runner: Pick<TestRunner, 'describe' | 'it'> = globalTestRunner(),
): void {
  const { describe } = runner;
  describe(`${name} keeps the contract of a gateway`, () => {
    let tested: GatewayUnderTest;
    let stage: GatewayStage;

    /** A test. What goes wrong before it and after it is its failure, too: in a hook it would end the whole suite. */
    const it = (title: string, test: () => Promise<void>): void => {
      runner.it(title, async () => {
        tested = await setup();
        stage = new GatewayStage(tested);
        try {
          await stage.serve();
          await test();
        } catch (failure) {
          // What did not end then, or was left behind, is no news.
          await stage.abandon().catch(() => undefined);
          throw failure;
        }
        await stage.end();
      });
    };

    /** Alice and Bob, both by way of the gateway, who see each other. */
    const meet = async (): Promise<{ alices: TestPeer; bobs: TestPeer }> => {
      const alices = await stage.join(alice);
      const bobs = await stage.join(bob);
      alices.addTunnel(bob);
      alices.updateDerp(1);
      bobs.updateDerp(2);
      await alices.eventuallyHasDerp(bob, 2);
      await bobs.eventuallyHasDerp(alice, 1);
      return { alices, bobs };
    };

    /** Carol and Dave, who see each other and notice nothing of anybody else. */
    const bystanders = async (): Promise<{ areUndisturbed: () => Promise<void> }> => {
      const carols = await stage.join(carol);
      const daves = await stage.join(dave);
      carols.addTunnel(dave);
      let derp = 0;
      const areUndisturbed = async () => {
        derp++;
        daves.updateDerp(derp);
        await carols.eventuallyHasDerp(dave, derp);
        deepEqual(carols.seen.historyOf(dave).at(-1), { kind: 'node', derp });
        deepEqual([...carols.seen.errors, ...daves.seen.errors], []);
      };
      await areUndisturbed();
      return { areUndisturbed };
    };

    describe('connecting', () => {
      it('makes one connection of one client, as who it is', async () => {
        const alices = await stage.join(alice);
        alices.updateDerp(1);
        await stage.until('passes on a request', () => stage.connectionOf(alice).requests.length === 1);
        deepEqual(
          stage.watched.connections.map(({ peerId }) => peerId),
          [alice],
        );
        deepEqual(
          stage.eventsOf('opened').map(({ peerId }) => peerId),
          [alice],
        );
      });

      it('says of everybody what they may do, be it everything', async () => {
        await stage.join(alice);
        equal(
          typeof stage.connectionOf(alice).options.auth,
          'function',
          'the auth that belongs to the identity is to be given to coordinate$; peerAuth() for those who may do everything',
        );
      });

      it('lets nobody do what they may not', async () => {
        if (tested.restricted === undefined) return;
        const alices = await stage.join(alice);
        alices.updateDerp(1);
        const request = { ...requests.addTunnel(alice), updateSelf: { node: aNode({ of: bob, derp: 2 }) } };
        const told: string[] = [];
        await stage.over(
          tested
            .restricted(stage.url)
            .coordinate$(bob, concat(of(request), NEVER))
            .pipe(tap(({ error }) => told.push(error))),
          'ends the connection of who asks for what it may not',
        );
        match(told.at(-1) ?? '', /^authorization: /, 'the error that the restricted client is told');
        await stage.closed(bob, closeCodes.refused);
        await alices.neverSees(bob, 'node');
      });

      it('ends with the identity, and says why', async () => {
        if (tested.ending === undefined) return;
        const watcher = stage.local(alice);
        watcher.addTunnel(bob);
        const client = tested.ending(stage.url);
        const bobs = await stage.join(bob, {}, client);
        bobs.updateDerp(2);
        await watcher.eventuallyHasDerp(bob, 2);
        client.end('your time is over');
        await bobs.eventuallyClosed('your time is over');
        await watcher.eventuallyLost(bob);
        await stage.released(bob);
        await stage.closed(bob, closeCodes.refused);
      });

      it('does not wait for ever for who says nothing', async () => {
        if (tested.silent$ === undefined) return;
        await stage.over(tested.silent$(stage.url), 'sends away who says nothing');
        deepEqual(stage.watched.connections, []);
        await meet();
      });

      it('does not subscribe for whom it cannot identify', async () => {
        if (tested.stranger$ === undefined) return;
        await stage.over(tested.stranger$(stage.url), 'turns a stranger away');
        deepEqual(stage.watched.connections, []);
        deepEqual(stage.eventsOf('opened'), []);
        await meet();
      });

      it('lets a peer come back after any end, many times', async () => {
        for (let count = 1; count <= 20; count++) {
          const alices = await stage.join(alice);
          if (count % 2 === 0) await alices.disconnect();
          else alices.drop();
          await stage.released(alice);
          await stage.until('says that it was closed', () => stage.eventsOf('closed', alice).length === count);
        }
      });
    });

    describe('what is passed on', () => {
      it('lets peers see each other', async () => {
        await meet();
      });

      it('is every request, once and in order', async () => {
        const alices = await stage.join(alice);
        const sent = Array.from({ length: 300 }, (_, index) =>
          index % 3 === 0
            ? requests.addTunnel(`00000000-0000-4000-8000-${String(index).padStart(12, '0')}`)
            : requests.updateSelf(aNode({ derp: index, endpoints: ['ä€😀', 'x'.repeat(index * 10)] })),
        );
        for (const request of sent) alices.send(request);
        const connection = stage.connectionOf(alice);
        await stage.until('passes on 300 requests', () => connection.requests.length >= sent.length);
        deepEqual(connection.requests.map(requestToJson), sent.map(requestToJson));
      });

      it('is every response, once and in order, also many at once', async () => {
        const alices = await stage.join(alice);
        const connection = stage.connectionOf(alice);
        const reasons = Array.from({ length: 300 }, (_, index) => `number ${String(index)}`);
        for (const reason of reasons) {
          connection.say(aboutBob(aNode({ of: bob }), reason));
        }
        connection.say(errorResponse('that was all'));
        await alices.eventuallyError('that was all');
        deepEqual(
          alices.responses.flatMap(({ peerUpdates }) => peerUpdates.map(({ reason }) => reason)),
          reasons,
        );
      });

      it('is nothing but differences', async () => {
        const bobs = stage.local(bob);
        const alices = await stage.join(alice);
        alices.addTunnel(bob);
        for (const derp of [1, 2, 3]) {
          bobs.updateDerp(derp);
          await alices.eventuallyHasDerp(bob, derp);
        }
        await bobs.disconnect();
        await alices.eventuallyDisconnected(bob);
        deepEqual(
          alices.seen.historyOf(bob).map(({ kind, derp }) => `${kind} ${String(derp)}`),
          ['node 1', 'node 2', 'node 3', 'disconnected 3'],
        );
      });

      it('is large, too: a node of 256 KiB, there and back', async () => {
        const { alices, bobs } = await meet();
        const endpoints = ['x'.repeat(updateBytes)];
        bobs.send(requests.updateSelf(aNode({ of: bob, derp: 3, endpoints })));
        await alices.eventuallyHasDerp(bob, 3);
        deepEqual(alices.responses.at(-1)?.peerUpdates.at(-1)?.node?.endpoints, endpoints);
      });
    });

    describe('the end of a connection', () => {
      it('is a goodbye after a Disconnect, and the connection ends without an error', async () => {
        const { alices, bobs } = await meet();
        await bobs.disconnect();
        await alices.eventuallyDisconnected(bob);
        await stage.released(bob);
        await stage.closed(bob, closeCodes.goodbye);
      });

      it('is a goodbye also for who hangs up right after a Disconnect', async () => {
        const { alices, bobs } = await meet();
        bobs.send(requests.disconnect());
        bobs.endRequests();
        await alices.eventuallyDisconnected(bob);
      });

      it('is a loss when the connection breaks', async () => {
        const { alices, bobs } = await meet();
        bobs.drop();
        await alices.eventuallyLost(bob);
        await stage.released(bob);
        await stage.closed(bob, closeCodes.broken);
      });

      it('is a loss when the client ends it in order, but without a Disconnect', async () => {
        const { alices, bobs } = await meet();
        bobs.endRequests();
        await alices.eventuallyLost(bob);
        await bobs.eventuallyClosed();
        await stage.released(bob);
      });

      it('comes after the requests that were sent before it', async () => {
        const watcher = stage.local(alice);
        watcher.addTunnel(bob);
        const bobs = await stage.join(bob);
        for (let derp = 1; derp <= 20; derp++) bobs.updateDerp(derp);
        bobs.endRequests();
        await watcher.eventuallyLost(bob);
        await watcher.eventuallyHasDerp(bob, 20);
      });

      it('is told to who connected again elsewhere, and does not touch the newer connection', async () => {
        const first = await stage.join(alice);
        first.updateDerp(1);
        await stage.until('passes on a request', () => stage.connectionOf(alice).requests.length === 1);
        const second = await stage.join(alice);
        await first.eventuallyClosed(closeErrors.overwritten);
        const bobs = stage.local(bob);
        bobs.addTunnel(alice);
        second.updateDerp(2);
        await bobs.eventuallyHasDerp(alice, 2);
        await stage.closed(alice, closeCodes.overwritten);
      });

      it('comes after the error that says why, when a request is refused', async () => {
        const { alices, bobs } = await meet();
        bobs.send(requests.addTunnel(nilUuid));
        await bobs.eventuallyClosed('tunnel destination must not be the nil UUID');
        await alices.eventuallyLost(bob);
        await stage.released(bob);
        await stage.closed(bob, closeCodes.refused);
      });

      it('does not come with an error that is none to end for', async () => {
        const { alices, bobs } = await meet();
        bobs.readyForHandshake(carol);
        await bobs.eventuallyError(`you do not share a tunnel with "${carol}"`);
        bobs.updateDerp(3);
        await alices.eventuallyHasDerp(bob, 3);
      });

      it('comes after what cannot be read, and touches nobody else', async () => {
        if (tested.babbler$ === undefined) return;
        const others = await bystanders();
        const watcher = stage.local(alice);
        watcher.addTunnel(bob);
        await stage.over(tested.babbler$(stage.url, bob), 'ends the connection of who sends nonsense');
        await stage.until('lets go of everybody else', () =>
          stage.watched.connections.every(({ isOver, peerId }) => isOver || peerId !== bob),
        );
        await others.areUndisturbed();
      });

      it('comes after a message that is too long, and touches nobody else', async () => {
        if (tested.rambler$ === undefined) return;
        const others = await bystanders();
        await stage.over(tested.rambler$(stage.url, bob), 'sends away who sends a message that is too long');
        await stage.released(bob);
        deepEqual(stage.connectionOf(bob).requests, [], 'nothing of it is passed on');
        await others.areUndisturbed();
      });

      it('comes though the other end goes on, of which nothing is passed on', async () => {
        if (tested.chatterer$ === undefined) return;
        const others = await bystanders();
        await stage.over(tested.chatterer$(stage.url, bob), 'cuts off who was sent away and does not go');
        await stage.released(bob);
        deepEqual(stage.connectionOf(bob).requests, [], 'what comes after nonsense does not count');
        await others.areUndisturbed();
      });

      it('comes after a response that cannot be sent, and touches nobody else', async () => {
        const others = await bystanders();
        const alices = await stage.join(alice);
        const nobodysFault: object = { peerUpdates: [undefined], error: '' };
        stage.connectionOf(alice).say(nobodysFault as never);
        await alices.eventuallyClosed(closeErrors.internal);
        await stage.released(alice);
        await stage.until('says that it failed', () => stage.eventsOf('failed', alice).length === 1);
        await others.areUndisturbed();
      });

      it('comes with a defect of coordinate$, and touches nobody else', async () => {
        const others = await bystanders();
        const alices = await stage.join(alice);
        stage.connectionOf(alice).break(new Error('a defect'));
        await alices.eventuallyClosed(closeErrors.internal);
        await stage.until('says that it failed', () => stage.eventsOf('failed', alice).length === 1);
        await others.areUndisturbed();
      });

      it('comes when coordinate$ throws, and touches nobody else', async () => {
        const others = await bystanders();
        stage.watched.throwFor(alice, new Error('a defect'));
        await stage.connect(alice).eventuallyClosed(closeErrors.internal);
        await stage.until('says that it failed', () => stage.eventsOf('failed', alice).length === 1);
        await stage.closed(alice, closeCodes.internal);
        await others.areUndisturbed();
      });
    });

    describe('a slow receiver', () => {
      it('costs no more than it may, and sees in the end what is true', async () => {
        const ready$ = new BehaviorSubject(true);
        const bobs = stage.local(bob);
        const witness = stage.local(dave);
        witness.addTunnel(bob);
        const alices = await stage.join(alice, { ready$ });
        alices.addTunnel(bob);
        const connection = stage.connectionOf(alice);
        let derp = 0;
        /** When the witness has it, Alice's connection has it, too, unless it waits until she is ready. */
        const update = async () => {
          derp++;
          bobs.send(requests.updateSelf(aNode({ of: bob, derp, endpoints: ['x'.repeat(updateBytes)] })));
          await witness.eventuallyHasDerp(bob, derp);
        };
        await update();
        await alices.eventuallyHasDerp(bob, 1);

        ready$.next(false);
        while (connection.isReady) {
          ok(
            derp * updateBytes < patienceBytes,
            `the ready$ that the gateway gives to coordinate$ should be false by now: ${String(patienceBytes / 1024 / 1024)} MiB wait for a client that does not read`,
          );
          await update();
        }
        for (let count = 0; count < 50; count++) await update();
        ready$.next(true);
        await alices.eventuallyHasDerp(bob, derp);
        await stage.until('says that it is ready again', () => connection.isReady);
        ok(
          alices.seen.historyOf(bob).length < derp - 25,
          'while ready$ is false the coordinator merges what changes; this many updates were sent all the same',
        );
        bobs.updateDerp(derp + 1);
        await alices.eventuallyHasDerp(bob, derp + 1);
      });

      it('gets all that was emitted, and the last word', async () => {
        const ready$ = new BehaviorSubject(false);
        const alices = await stage.join(alice, { ready$ });
        const connection = stage.connectionOf(alice);
        let count = 0;
        const say = (node: Node) => connection.say(aboutBob(node, String(++count)));
        while (connection.isReady && count * updateBytes < patienceBytes) {
          say(aNode({ of: bob, endpoints: ['x'.repeat(updateBytes)] }));
        }
        // A coordinator may have more than one response for who has just been ready.
        for (let more = 1; more <= 3; more++) say(aNode({ of: bob, derp: more }));
        stage.local(alice);
        await stage.released(alice);
        ready$.next(true);
        await alices.eventuallyClosed(closeErrors.overwritten);
        deepEqual(
          alices.responses.flatMap(({ peerUpdates }) => peerUpdates.map(({ reason }) => reason)),
          Array.from({ length: count }, (_, index) => String(index + 1)),
        );
      });

      it('keeps nobody else waiting', async () => {
        const others = await bystanders();
        const alices = await stage.join(alice, { ready$: new BehaviorSubject(false) });
        const connection = stage.connectionOf(alice);
        const response = aboutBob(aNode({ of: bob, endpoints: ['x'.repeat(updateBytes)] }));
        for (let bytes = 0; connection.isReady && bytes < patienceBytes; bytes += updateBytes) connection.say(response);
        await others.areUndisturbed();
        alices.drop();
        await stage.released(alice);
      });
    });

    describe('the end of all', () => {
      it('by draining: nobody new comes in, who is there stays, and it completes with the last', async () => {
        const { alices, bobs } = await meet();
        stage.drain$.next();
        await stage.over(tested.client(stage.url).coordinate$(carol), 'turns away who comes while it drains');
        equal(stage.watched.connectionOf(carol), undefined, 'nobody new is let in');
        bobs.updateDerp(3);
        await alices.eventuallyHasDerp(bob, 3);
        await bobs.disconnect();
        await alices.eventuallyDisconnected(bob);
        await stage.coordinator.close();
        await alices.eventuallyClosed(closeErrors.closed);
        await stage.completed();
      });

      it('by draining when nobody is there', async () => {
        stage.drain$.next();
        await stage.completed();
      });

      it('by closing the coordinator: everybody is told', async () => {
        const { alices, bobs } = await meet();
        await stage.coordinator.close();
        await alices.eventuallyClosed(closeErrors.closed);
        await bobs.eventuallyClosed(closeErrors.closed);
        await stage.closed(alice, closeCodes.closed);
      });

      it('by unsubscribing: everybody is told, is let go of, and nobody gets in any more', async () => {
        const watcher = stage.local(carol);
        watcher.addTunnel(alice);
        const { alices, bobs } = await meet();
        await watcher.eventuallyHasDerp(alice, 1);
        stage.unsubscribe();
        await alices.eventuallyClosed(closeErrors.closed);
        await bobs.eventuallyClosed(closeErrors.closed);
        await stage.released(alice);
        await stage.released(bob);
        await watcher.eventuallyLost(alice);
        await stage.over(tested.client(stage.url).coordinate$(dave), 'turns away who comes later');
        equal(stage.watched.connectionOf(dave), undefined, 'nobody new is let in');
      });

      it('comes for an unhealthy coordinator one by one, and for who connects then at once', async () => {
        const { alices, bobs } = await meet();
        stage.database.faults.goAway();
        await alices.eventuallyClosed(closeErrors.unhealthy);
        await bobs.eventuallyClosed(closeErrors.unhealthy);
        await stage.closed(alice, closeCodes.unhealthy);
        await stage.connect(carol).eventuallyClosed(closeErrors.unhealthy);
        await stage.closed(carol, closeCodes.unhealthy);
      });
    });
  });
}
