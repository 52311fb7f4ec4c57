// Two peers meet: Alice opens a tunnel to Bob, and each is told of the other. Then Bob's connection breaks, he comes back,
// and in the end he leaves for good.
import { NEVER, ReplaySubject, concat, filter, firstValueFrom, from, map, mergeMap, share, tap } from 'rxjs';
import type { Observable } from 'rxjs';
import { createCoordinator, requests } from 'tailnet-coordinator';
import type { CoordinateRequest, Uuid } from 'tailnet-coordinator';
import { alice, bob, describeUpdate, memoryDatabase } from 'tailnet-coordinator/testing';

// All in one process, to see what happens. `database: 'postgres://…'` would be the real one; nothing else would differ.
const coordinator = createCoordinator({ database: memoryDatabase() });

/** A connection of a peer, for as long as it is subscribed to. Requests that end without a goodbye are a broken one. */
const connect = (
  name: string,
  id: Uuid,
  hello: readonly CoordinateRequest[],
  later$: Observable<CoordinateRequest> = NEVER,
) => {
  const told$ = coordinator.coordinate$(id, concat(from(hello), later$)).pipe(
    mergeMap(({ peerUpdates }) => peerUpdates),
    map(describeUpdate),
    tap((update) => console.log(`${name} is told: ${update}`)),
    share({ connector: () => new ReplaySubject() }),
  );
  const connection = told$.subscribe();
  return {
    hears: (words: string) => firstValueFrom(told$.pipe(filter((update) => update.includes(words)))),
    breaks: () => connection.unsubscribe(),
  };
};

const alices = connect('Alice', alice, [requests.updateSelf({ preferredDerp: 1 }), requests.addTunnel(bob)]);

// A tunnel shows both ends to each other, whoever opened it.
const bobs = connect('Bob', bob, [requests.updateSelf({ preferredDerp: 2 })]);
await Promise.all([alices.hears('bob NODE derp 2'), bobs.hears('alice NODE')]);

// LOST: Alice keeps what she has of Bob, for the tunnel between them may work as it did.
bobs.breaks();
await alices.hears('bob LOST');

// He has moved meanwhile. What he asks for next comes last: a goodbye.
const goodbye$ = new ReplaySubject<CoordinateRequest>();
connect('Bob', bob, [requests.updateSelf({ preferredDerp: 3 })], goodbye$);
await alices.hears('bob NODE derp 3');

// DISCONNECTED: she forgets him.
goodbye$.next(requests.disconnect());
await alices.hears('bob DISCONNECTED');
await coordinator.close();

// Prints:
// Alice is told: bob NODE derp 2 (new)
// Bob is told: alice NODE derp 1 (new)
// Alice is told: bob LOST derp 2 (lost)
// Alice is told: bob NODE derp 3 (found)
// Bob is told: alice NODE derp 1 (new)
// Alice is told: bob DISCONNECTED (disconnected)
