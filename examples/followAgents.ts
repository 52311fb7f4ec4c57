// One connection that follows thousands of agents from another machine: a proxy in front of them, say.
import { randomUUID } from 'node:crypto';
import { NEVER, concat, filter, firstValueFrom, of, scan, share } from 'rxjs';
import { PeerUpdateKind, createCoordinator, createMultiAgent, peerIdOf, requests } from 'tailnet-coordinator';
import type { CoordinateResponse, Node, Uuid } from 'tailnet-coordinator';
import { webSocketGateway } from 'tailnet-coordinator/gateways';
import { memoryDatabase } from 'tailnet-coordinator/testing';
import { webSocketClient } from './webSocketClient.js';

// Two coordinators over one database: it does not matter who is connected where. The agents publish their nodes, and
// open no tunnels.
const database = memoryDatabase();
const [north, south] = [createCoordinator({ database }), createCoordinator({ database })];
const agents = Array.from({ length: 2000 }, () => randomUUID());
const connections = agents.map((id, index) =>
  north.coordinate$(id, concat(of(requests.updateSelf({ preferredDerp: index % 7 })), NEVER)).subscribe(),
);

const events$ = webSocketGateway(south, { port: 0 }).pipe(share());
const serving = events$.subscribe();
const { url } = await firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));

// From here on it could be another machine: `webSocketClient` has the `coordinate$` of the coordinator at the URL.
const multiAgent = createMultiAgent(webSocketClient(url), randomUUID(), { name: 'proxy' });
multiAgent.updateSelf({ preferredDerp: 9 });
for (const agent of agents) multiAgent.subscribeAgent(agent);

/** An array of updates in each response; a response with an `error` has none, and is the last. */
const apply = (known: Map<Uuid, Node>, { peerUpdates }: CoordinateResponse) => {
  for (const update of peerUpdates) {
    if (update.kind === PeerUpdateKind.NODE && update.node) known.set(peerIdOf(update), update.node);
    if (update.kind === PeerUpdateKind.DISCONNECTED) known.delete(peerIdOf(update));
  }
  return known;
};
const known$ = multiAgent.updates$.pipe(scan(apply, new Map<Uuid, Node>()));
const known = await firstValueFrom(known$.pipe(filter(({ size }) => size === agents.length)));
const nearby = [...known.values()].filter(({ preferredDerp }) => preferredDerp === 3);
console.log(`${String(known.size)} agents, ${String(nearby.length)} of them at relay region 3`);

// Goodbye: its node and its tunnels are deleted, and its connection is closed.
const closed = firstValueFrom(events$.pipe(filter((event) => event.kind === 'closed')));
multiAgent.close();
const { code, received } = await closed;
console.log(`closed with ${String(code)} after ${String(received)} requests`);

for (const connection of [...connections, serving]) connection.unsubscribe();
await Promise.all([north.close(), south.close()]);

// Prints:
// 2000 agents, 286 of them at relay region 3
// closed with 1000 after 2002 requests
