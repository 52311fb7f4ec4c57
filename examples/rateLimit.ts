// Lets a peer publish its node once in a while at most: the newest one counts, what was between is never written.
import { NEVER, concat, firstValueFrom, interval, map, take } from 'rxjs';
import { createCoordinator, peerIdOf, requests } from 'tailnet-coordinator';
import { memoryDatabase } from 'tailnet-coordinator/testing';
import { limitNodes } from './limitNodes.js';

const alice = 'a11ce000-0000-4000-8000-000000000000';
const bob = 'b0b00000-0000-4000-8000-000000000000';
const coordinator = createCoordinator({ database: memoryDatabase() });

// A peer that changes its mind ten times within a tenth of a second.
const restless$ = concat(
  interval(10).pipe(
    take(10),
    map((index) => requests.updateSelf({ preferredDerp: index + 1 })),
  ),
  NEVER,
);
const bobs = coordinator.coordinate$(bob, restless$.pipe(limitNodes(500))).subscribe();

// Alice would be told of relay region 1 first if all ten were written.
const { peerUpdates } = await firstValueFrom(coordinator.coordinate$(alice, concat([requests.addTunnel(bob)], NEVER)));
for (const update of peerUpdates) {
  console.log(`${peerIdOf(update)} is at relay region ${String(update.node?.preferredDerp)}`);
}

bobs.unsubscribe();
await coordinator.close();

// Prints:
// b0b00000-0000-4000-8000-000000000000 is at relay region 10
