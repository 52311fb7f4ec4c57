// One connection that follows many agents, for callers who prefer methods to streams: a proxy in front of agents, say.
import { filter, firstValueFrom, mergeMap, of, NEVER, concat, tap } from 'rxjs';
import { PeerUpdateKind, createCoordinator, peerIdOf, requests } from 'tailnet-coordinator';
import { memoryDatabase } from 'tailnet-coordinator/testing';

const proxy = '90000000-0000-4000-8000-000000000000';
const agents = [1, 2, 3].map((n) => `a9e00000-0000-4000-8000-00000000000${String(n)}`);

// Two coordinators over one database: it does not matter who is connected where.
const database = memoryDatabase();
const north = createCoordinator({ database });
const south = createCoordinator({ database });

// The agents publish their nodes in different relay regions. They open no tunnels.
const connections = agents.map((id, index) =>
  north.coordinate$(id, concat(of(requests.updateSelf({ preferredDerp: index + 1 })), NEVER), { name: id }).subscribe(),
);

const multiAgent = south.multiAgent(proxy);
const known = new Map<string, number>();

const followed = firstValueFrom(
  multiAgent.updates$.pipe(
    // An array of updates in each response; a response with an `error` has none, and is the last.
    mergeMap(({ peerUpdates }) => peerUpdates),
    tap((update) => {
      if (update.kind === PeerUpdateKind.NODE) known.set(peerIdOf(update), update.node?.preferredDerp ?? 0);
      if (update.kind === PeerUpdateKind.DISCONNECTED) known.delete(peerIdOf(update));
    }),
    filter(() => known.size === agents.length),
  ),
);
multiAgent.updateSelf({ preferredDerp: 9 });
for (const agent of agents) multiAgent.subscribeAgent(agent);
await followed;
for (const [agent, derp] of [...known].sort()) console.log(`${agent} is at relay region ${String(derp)}`);

multiAgent.close();
for (const connection of connections) connection.unsubscribe();
await Promise.all([north.close(), south.close()]);

// Prints:
// a9e00000-0000-4000-8000-000000000001 is at relay region 1
// a9e00000-0000-4000-8000-000000000002 is at relay region 2
// a9e00000-0000-4000-8000-000000000003 is at relay region 3
