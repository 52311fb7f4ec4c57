// Two tailnets as one, each with a database of its own: whoever connects is a peer of both. What has a `coordinate$` can
// be given to any gateway.
import { NEVER, connect, filter, merge, takeWhile } from 'rxjs';
import { createCoordinator } from 'tailnet-coordinator';
import type { Coordinator } from 'tailnet-coordinator';
import { isWarning } from 'tailnet-coordinator/gateways';
import { alice, bob, carol, memoryDatabase, testPeer } from 'tailnet-coordinator/testing';

type Coordinates = Pick<Coordinator, 'coordinate$'>;

/**
 * A request goes to both, so a Disconnect is a goodbye to both; and what either has to tell is told. When one of them ends
 * a connection, with an error, it ends at the other, too: the peer connects again, and is told of everybody anew.
 */
const merged = (...coordinators: readonly Coordinates[]): Coordinates => ({
  coordinate$: (peerId, requests$ = NEVER, options = {}) =>
    requests$.pipe(
      connect((shared$) => merge(...coordinators.map((one) => one.coordinate$(peerId, shared$, options)))),
      // Who shares a tunnel in one tailnet shares none in the other.
      filter(({ error }) => !isWarning(error)),
      takeWhile(({ error }) => error === '', true),
    ),
});

const east = createCoordinator({ database: memoryDatabase() });
const west = createCoordinator({ database: memoryDatabase() });
const both = merged(east, west);

// Bob is in the east, Carol in the west, and Alice sees both of them.
const bobs = testPeer(east, bob);
const carols = testPeer(west, carol);
const alices = testPeer(both, alice);
bobs.updateDerp(1);
carols.updateDerp(2);
for (const id of [bob, carol]) alices.addTunnel(id);
await alices.eventuallyHasDerp(bob, 1);
await alices.eventuallyHasDerp(carol, 2);

// Each of them sees her, until she says goodbye.
alices.updateDerp(3);
await bobs.eventuallyHasDerp(alice, 3);
await carols.eventuallyHasDerp(alice, 3);
await alices.disconnect();
await bobs.eventuallyDisconnected(alice);
await carols.eventuallyDisconnected(alice);
console.log('alice:', alices.seen.log);
console.log('bob:', bobs.seen.log);
await Promise.all([east.close(), west.close()]);

// Prints:
// alice: [ 'bob NODE derp 1 (new)', 'carol NODE derp 2 (new)' ]
// bob: [ 'alice NODE derp 3 (new)', 'alice DISCONNECTED (disconnected)' ]
