import { expect } from 'chai';
import { concat, filter, firstValueFrom, interval, lastValueFrom, map, NEVER, of, scan, type Subscription } from 'rxjs';
import { webSocketClient } from '../../examples/webSocketClient.js';
import { createCoordinator } from '../../src/coordinator.js';
import type { Coordinator } from '../../src/api.js';
import { createMultiAgent, type MultiAgent } from '../../src/multiAgent.js';
import { requests } from '../../src/proto/requests.js';
import { PeerUpdateKind, peerIdOf } from '../../src/proto/responses.js';
import { alice, memoryDatabase } from '../../src/testing/index.js';
import { grpcCoordinator } from './grpcCoordinator.js';
import { ServedGrpcGateway } from './grpcFixture.js';
import { ServedGateway } from './servedGateway.js';

const idOf = (index: number): string => `a9e00000-0000-4000-8000-${String(index).padStart(12, '0')}`;
const agentIds = Array.from({ length: 5000 }, (_, index) => idOf(index));

/** The relay regions of those who are there, as they are after each response. */
const derps$ = ({ updates$ }: MultiAgent) =>
  updates$.pipe(
    scan((derps, { peerUpdates }) => {
      for (const update of peerUpdates) {
        if (update.kind === PeerUpdateKind.NODE) derps.set(peerIdOf(update), update.node?.preferredDerp);
        else derps.delete(peerIdOf(update));
      }
      return derps;
    }, new Map<string, number | undefined>()),
  );

describe('a multi-agent at the other end of a gateway', () => {
  for (const [what, serve, clientOf] of [
    ['WebSocket', (south: Coordinator) => ServedGateway.start(south), webSocketClient],
    ['gRPC call', (south: Coordinator) => ServedGrpcGateway.start(south), grpcCoordinator],
  ] as const) {
    it(`follows 5,000 agents of another coordinator over one ${what}, and says goodbye`, async () => {
      const database = memoryDatabase();
      const [north, south] = [createCoordinator({ database }), createCoordinator({ database })];
      const gateway = await serve(south);
      const connections: readonly Subscription[] = agentIds.map((id, index) =>
        north.coordinate$(id, concat(of(requests.updateSelf({ preferredDerp: index + 1 })), NEVER)).subscribe(),
      );

      const multiAgent = createMultiAgent(clientOf(gateway.url), alice, { name: 'follower' });
      // Before it is connected.
      multiAgent.updateSelf({ preferredDerp: 9 });
      for (const id of agentIds) multiAgent.subscribeAgent(id);
      const seen = await firstValueFrom(derps$(multiAgent).pipe(filter(({ size }) => size === agentIds.length)));
      expect(agentIds.map((id) => seen.get(id))).to.deep.equal(agentIds.map((_, index) => index + 1));

      // Nobody subscribes now. What changes merges, and what was received already is kept.
      for (const connection of connections.slice(0, 10)) connection.unsubscribe();
      const lost = await firstValueFrom(
        multiAgent.updates$.pipe(
          map(({ peerUpdates }) => peerUpdates.filter(({ kind }) => kind === PeerUpdateKind.LOST)),
          scan((ids, updates) => [...ids, ...updates.map(peerIdOf)], [] as readonly string[]),
          filter((ids) => ids.length >= 10),
        ),
      );
      expect([...lost].sort()).to.deep.equal(agentIds.slice(0, 10));

      const ended = lastValueFrom(multiAgent.updates$, { defaultValue: 'the end' });
      multiAgent.close();
      expect(await ended).to.equal('the end');
      expect(() => multiAgent.subscribeAgent(idOf(1))).to.throw('multiagent is closed');
      expect(await gateway.event('closed')).to.include({ peerId: alice, code: 1000, received: 5002 });
      // What it says goodbye to is written after that.
      await firstValueFrom(interval(5).pipe(filter(() => database.rows.tunnels().length === 0)));
      for (const connection of connections) connection.unsubscribe();
      gateway.subscription.unsubscribe();
      await Promise.all([north.close(), south.close()]);
    });
  }
});
