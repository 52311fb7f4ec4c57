// Serves the gateway of tcpGateway.ts, and talks to it as anybody could: with `nc`, say.
import { connect } from 'node:net';
import { Subject, filter, firstValueFrom, lastValueFrom, map, share, tap } from 'rxjs';
import { createCoordinator, requests } from 'tailnet-coordinator';
import { requestToJson, responseFromJson } from 'tailnet-coordinator/proto';
import { alice, bob, describeUpdates, memoryDatabase, nameOf, testPeer } from 'tailnet-coordinator/testing';
import { linesOf } from './linesOf.js';
import { tcpGateway } from './tcpGateway.js';

const coordinator = createCoordinator({ database: memoryDatabase() });
const drain$ = new Subject<void>();
const events$ = tcpGateway(coordinator, 0, drain$).pipe(
  tap((event) => {
    if ('peerId' in event) console.log(`${nameOf(event.peerId)}: ${event.kind}`);
  }),
  share(),
);
const served = lastValueFrom(events$);
const { url } = await firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));

// Alice comes over TCP, and opens a tunnel to Bob.
const socket = connect(Number(new URL(url).port), '127.0.0.1');
socket.write(`${alice}\n`);
socket.write(`${requestToJson(requests.addTunnel(bob))}\n`);
const alices$ = linesOf(socket).pipe(
  map((line) => describeUpdates(responseFromJson(line)).join()),
  tap((line) => console.log(`alice hears: ${line}`)),
  share(),
);
const heard = firstValueFrom(alices$);
const left = lastValueFrom(alices$);

// Bob needs no gateway.
const bobs = testPeer(coordinator, bob);
bobs.updateDerp(2);
await heard;

drain$.next();
await coordinator.close();
await Promise.all([left, served]);

// Prints:
// alice: opened
// alice hears: bob NODE derp 2 (new)
// alice hears: error: coordinator closed
// alice: closed
