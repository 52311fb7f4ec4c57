// Lets a peer publish its node once in a while at most: the newest one counts, what was between is never written.
import { NEVER, auditTime, concat, connect, filter, firstValueFrom, interval, map, merge, take } from 'rxjs';
import type { MonoTypeOperatorFunction } from 'rxjs';
import { createCoordinator, peerIdOf, requests } from 'tailnet-coordinator';
import type { CoordinateRequest } from 'tailnet-coordinator';
import { memoryDatabase } from 'tailnet-coordinator/testing';

/**
 * Only nodes may be left out, because only of nodes the newest says everything. So a request is taken apart: its node
 * waits, everything else goes on at once.
 *
 * Never do this to responses. They are differences, and none may be left out: to slow them down, give `coordinate$` a
 * `ready$` that is false for as long as nothing is to be sent.
 */
const limitNodes =
  (period: number): MonoTypeOperatorFunction<CoordinateRequest> =>
  (requests$) =>
    requests$.pipe(
      connect((all$) =>
        merge(
          all$.pipe(
            filter(({ updateSelf }) => updateSelf !== undefined),
            map(({ updateSelf }) => ({ ...nothing, updateSelf })),
            auditTime(period),
          ),
          all$.pipe(
            map((request) => ({ ...request, updateSelf: undefined })),
            filter(({ addTunnel, removeTunnel, disconnect, readyForHandshake }) =>
              [addTunnel, removeTunnel, disconnect, readyForHandshake[0]].some((part) => part !== undefined),
            ),
          ),
        ),
      ),
    );

const nothing: CoordinateRequest = {
  updateSelf: undefined,
  addTunnel: undefined,
  removeTunnel: undefined,
  disconnect: undefined,
  readyForHandshake: [],
};

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
