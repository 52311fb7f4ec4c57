// A coordinator inside a node:http server that has other things to do as well. A peer connects over a WebSocket, another
// one lives in this process.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import {
  NEVER,
  BehaviorSubject,
  concat,
  filter,
  firstValueFrom,
  lastValueFrom,
  map,
  of,
  share,
  takeWhile,
  tap,
} from 'rxjs';
import { createCoordinator, requests } from 'tailnet-coordinator';
import {
  coordinatePath,
  healthRoutes,
  serveRoutes,
  webSocketGateway,
  webSocketRoute,
} from 'tailnet-coordinator/gateways';
import { alice, bob, describeUpdates, memoryDatabase } from 'tailnet-coordinator/testing';

const coordinator = createCoordinator({ database: memoryDatabase() });
const drain$ = new BehaviorSubject(false);

// The server is yours: its routes, its TLS, its life. `serveRoutes` is only a convenience.
const server = createServer(
  serveRoutes({
    ...healthRoutes(coordinator, drain$),
    [coordinatePath]: webSocketRoute,
    '/': (_request, response) => void response.end('hello\n'),
  }),
);

// The gateway takes the upgrade requests of its path, for as long as it is subscribed to.
const events$ = webSocketGateway(coordinator, { server, drain$: drain$.pipe(filter((draining) => draining)) }).pipe(
  share(),
);
const listening = firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));
const drained = lastValueFrom(
  events$.pipe(
    tap((event) => {
      if (event.kind === 'opened') console.log(`opened: ${event.peerId} as ${event.role}`);
      if (event.kind === 'closed') console.log(`closed: ${event.peerId} with ${String(event.code)}`);
    }),
  ),
);
server.listen(0, '127.0.0.1');
const { url } = await listening;

// Bob comes over the network: the peer of the command line. He says goodbye when he is interrupted.
const commandLine = fileURLToPath(import.meta.resolve('tailnet-coordinator/package.json')).replace(
  /package\.json$/,
  'dist/cli/main.js',
);
const bobs = spawn(process.execPath, [commandLine, 'peer', '--url', url, '--id', bob, '--derp', '2']);
const bobLeft = new Promise((resolve) => bobs.once('close', resolve));

// Alice is here. She watches Bob until he has gone.
await lastValueFrom(
  coordinator.coordinate$(alice, concat(of(requests.addTunnel(bob)), NEVER)).pipe(
    map((response) => describeUpdates(response).join()),
    tap((line) => {
      console.log(line);
      if (line.includes('NODE')) bobs.kill('SIGINT');
    }),
    takeWhile((line) => !line.includes('DISCONNECTED')),
  ),
  { defaultValue: undefined },
);
await bobLeft;

// In this order nobody is told anything wrong: refuse newcomers, end the connections, then stop listening.
drain$.next(true);
await Promise.all([coordinator.close(), drained]);
await new Promise((resolve) => server.close(resolve));

// Prints:
// opened: b0b00000-0000-4000-8000-000000000000 as peer
// bob NODE derp 2 (new)
// bob DISCONNECTED (disconnected)
// closed: b0b00000-0000-4000-8000-000000000000 with 1000
