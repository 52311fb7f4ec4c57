// Mirrors what a peer is told to another system, which is slow, and fails at times.
import { setTimeout as delay } from 'node:timers/promises';
import {
  BehaviorSubject,
  NEVER,
  concat,
  concatMap,
  defer,
  finalize,
  from,
  map,
  repeat,
  retry,
  takeWhile,
  tap,
  lastValueFrom,
} from 'rxjs';
import type { Observable } from 'rxjs';
import { PeerUpdateKind, createCoordinator, peerIdOf, requests } from 'tailnet-coordinator';
import type { Coordinator, PeerUpdate, Uuid } from 'tailnet-coordinator';
import { alice, bob, describeUpdate, memoryDatabase, testPeer } from 'tailnet-coordinator/testing';

interface OtherSystem {
  readonly clear: () => Promise<void>;
  readonly write: (update: PeerUpdate) => Promise<void>;
}

/**
 * Follows some peers, as one peer, and writes one update after the other, each until that has succeeded. Emits those that
 * are written.
 *
 * While it writes it is not ready. So nothing queues: what changes meanwhile is merged into the next response. When its
 * connection has ended it starts afresh, for nobody tells it who has left in the meantime.
 */
const mirror = (
  coordinator: Pick<Coordinator, 'coordinate$'>,
  { as, peers, to }: { as: Uuid; peers: readonly Uuid[]; to: OtherSystem },
): Observable<PeerUpdate> => {
  const untilDone = (work: () => Promise<void>) => defer(work).pipe(retry({ delay: 50 }));
  const written = (update: PeerUpdate) => untilDone(() => to.write(update)).pipe(map(() => update));
  const connection$ = defer(() => {
    const ready$ = new BehaviorSubject(true);
    const tunnels$ = concat(from(peers).pipe(map(requests.addTunnel)), NEVER);
    return coordinator.coordinate$(as, tunnels$, { ready$ }).pipe(
      concatMap(({ peerUpdates }) => {
        ready$.next(false);
        return concat(...peerUpdates.map(written)).pipe(finalize(() => ready$.next(true)));
      }),
    );
  });
  return untilDone(to.clear).pipe(
    concatMap(() => connection$),
    repeat({ delay: 50 }),
  );
};

const coordinator = createCoordinator({ database: memoryDatabase() });
const bobs = testPeer(coordinator, bob);
bobs.updateDerp(1);

/** Stands for an inventory, a DNS zone or a queue of yours. It takes its time, and the second time it fails. */
const inventory = new Map<Uuid, number>();
let uses = 0;
const otherSystem: OtherSystem = {
  clear: async () => {
    await delay(100);
    inventory.clear();
  },
  write: async (update) => {
    const use = ++uses;
    // Bob does not wait for it.
    if (use === 1) for (const derp of [2, 3, 4]) bobs.updateDerp(derp);
    await delay(100);
    if (use === 2) throw new Error('out of order');
    // Who is LOST may come back: what is known of them stays.
    if (update.kind === PeerUpdateKind.NODE) inventory.set(peerIdOf(update), update.node?.preferredDerp ?? 0);
    if (update.kind === PeerUpdateKind.DISCONNECTED) inventory.delete(peerIdOf(update));
  },
};

const mirrored$ = mirror(coordinator, { as: alice, peers: [bob], to: otherSystem }).pipe(
  tap((update) => {
    console.log(describeUpdate(update), [...inventory.values()]);
    if (inventory.get(bob) === 4) bobs.send(requests.disconnect());
  }),
  takeWhile(({ kind }) => kind !== PeerUpdateKind.DISCONNECTED),
);
await lastValueFrom(mirrored$);
await coordinator.close();

// Prints:
// bob NODE derp 1 (new) [ 1 ]
// bob NODE derp 4 (update) [ 4 ]
// bob DISCONNECTED (disconnected) []
