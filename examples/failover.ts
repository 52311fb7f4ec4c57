// Fail-over, as clients see it: Alice is connected to a coordinator that dies, Bob to another one.
import { NEVER, concat, filter, firstValueFrom, mergeMap, of, share, tap } from 'rxjs';
import { createCoordinator, requests } from 'tailnet-coordinator';
import type { Coordinator } from 'tailnet-coordinator';
import { alice, bob, describeUpdates, memoryDatabase } from 'tailnet-coordinator/testing';
import { withFailover } from './withFailover.js';

// Ten times as fast as by default: a coordinator that says nothing for 600 ms is lost.
const tuning = { heartbeatPeriod: 200, heartbeatTimeout: 150, unhealthySpread: 1, closeTimeout: 100 };
const database = memoryDatabase();
const northsWire = database.connect();
const north = createCoordinator({ database: northsWire, tuning });
const south = createCoordinator({ database, tuning });

/** They say when Alice connects to them. */
const alices = Object.entries({ north, south }).map(([name, coordinator]) => ({
  coordinate$: (...words: Parameters<Coordinator['coordinate$']>) => {
    console.log(`alice connects to ${name}`);
    return coordinator.coordinate$(...words);
  },
}));

// Alice says the same at each of them. She waits a second in between, so that there is something to see.
const alicesRequests$ = concat(of(requests.updateSelf({ preferredDerp: 1 }), requests.addTunnel(bob)), NEVER);
const heard: string[] = [];
const alicesConnection = withFailover(alices, 1000)
  .coordinate$(alice, alicesRequests$)
  .subscribe((response) => heard.push(...describeUpdates(response)));

// Bob stays where he is.
const bobs$ = south.coordinate$(bob, concat(of(requests.updateSelf({ preferredDerp: 2 })), NEVER)).pipe(
  mergeMap(describeUpdates),
  tap((words) => console.log(`bob hears: ${words}`)),
  share(),
);
const bobsConnection = bobs$.subscribe();
const bobHears = (words: string) => firstValueFrom(bobs$.pipe(filter((line) => line.includes(words))));

await bobHears('alice NODE');
console.log('north loses its database');
northsWire.faults.goAway();
// LOST is no reason to do anything: the tunnel between them goes on working, without any coordinator.
await bobHears('alice LOST');
await bobHears('alice NODE');
console.log('alice heard:', heard);

for (const connection of [alicesConnection, bobsConnection]) connection.unsubscribe();
await Promise.all([north.close(), south.close()]);

// Prints:
// alice connects to north
// bob hears: alice NODE derp 1 (new)
// north loses its database
// bob hears: alice LOST derp 1 (lost)
// alice connects to south
// bob hears: alice NODE derp 1 (found)
// alice heard: [ 'error: coordinator unhealthy', 'bob NODE derp 2 (new)' ]
