// Serves the gateway of tcpGateway.ts, and talks to it as anybody could: with `nc`, say. With a port in the environment,
// as in `PORT=7352 node --import tsx examples/tcpServer.ts`, it serves there until Ctrl+C, and leaves the talking to you.
import { once } from 'node:events';
import { connect } from 'node:net';
import { Subject, filter, firstValueFrom, lastValueFrom, map, share, tap } from 'rxjs';
import { createCoordinator, requests } from 'tailnet-coordinator';
import { requestToJson, responseFromJson } from 'tailnet-coordinator/proto';
import { alice, bob, describeUpdates, memoryDatabase, nameOf, testPeer } from 'tailnet-coordinator/testing';
import { linesOf } from './linesOf.js';
import { tcpGateway } from './tcpGateway.js';

const port = Number(process.env['PORT'] ?? 0);
const coordinator = createCoordinator({ database: memoryDatabase() });
const drain$ = new Subject<void>();
const events$ = tcpGateway(coordinator, port, drain$).pipe(
  tap((event) => {
    if ('peerId' in event) console.log(`${nameOf(event.peerId)}: ${event.kind}`);
  }),
  share(),
);
const served = lastValueFrom(events$);
const { url } = await firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));

const alices$ = () => {
  // Alice comes over TCP, and opens a tunnel to Bob.
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.write(`${alice}\n`);
  socket.write(`${requestToJson(requests.addTunnel(bob))}\n`);
  return linesOf(socket).pipe(
    map((line) => describeUpdates(responseFromJson(line)).join()),
    tap((line) => console.log(`alice hears: ${line}`)),
    share(),
  );
};

if (port === 0) {
  const heard$ = alices$();
  const [heard] = [firstValueFrom(heard$), lastValueFrom(heard$)];
  // Bob needs no gateway.
  testPeer(coordinator, bob).updateDerp(2);
  await heard;
} else {
  const interrupted = once(process, 'SIGINT');
  console.log(`listening at ${url}`);
  await interrupted;
}

drain$.next();
await coordinator.close();
await served;

// Prints:
// alice: opened
// alice hears: bob NODE derp 2 (new)
// alice hears: error: coordinator closed
// alice: closed
