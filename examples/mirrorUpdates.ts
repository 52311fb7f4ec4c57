// Mirrors what a peer is told to another system, which is slow, and fails at times.
import { setTimeout as delay } from 'node:timers/promises';
import { lastValueFrom, takeWhile, tap } from 'rxjs';
import { PeerUpdateKind, createCoordinator, peerIdOf, requests } from 'tailnet-coordinator';
import type { Uuid } from 'tailnet-coordinator';
import { alice, bob, describeUpdate, memoryDatabase, testPeer } from 'tailnet-coordinator/testing';
import { mirror } from './mirror.js';
import type { OtherSystem } from './mirror.js';

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
