// A coordinator inside a node:http server that has other things to do as well.
import { createServer } from 'node:http';
import { BehaviorSubject, filter, firstValueFrom, lastValueFrom, share, tap } from 'rxjs';
import { createCoordinator } from 'tailnet-coordinator';
import {
  coordinatePath,
  healthRoutes,
  serveRoutes,
  webSocketGateway,
  webSocketRoute,
} from 'tailnet-coordinator/gateways';
import { memoryDatabase } from 'tailnet-coordinator/testing';
import { meetBob } from './meetBob.js';

const coordinator = createCoordinator({ database: memoryDatabase() });
const draining$ = new BehaviorSubject(false);

// The server is yours: its routes, its TLS, its life. `serveRoutes` is only a convenience.
const server = createServer(
  serveRoutes({
    ...healthRoutes(coordinator, draining$),
    [coordinatePath]: webSocketRoute,
    '/': (_request, response) => void response.end('hello\n'),
  }),
);

// The gateway takes the upgrade requests of its path, for as long as it is subscribed to.
const events$ = webSocketGateway(coordinator, { server, drain$: draining$.pipe(filter(Boolean)) }).pipe(
  tap((event) => {
    if (event.kind === 'opened') console.log(`opened: ${event.peerId} as ${event.role}`);
    if (event.kind === 'closed') console.log(`closed: ${event.peerId} with ${String(event.code)}`);
  }),
  share(),
);
const listening = firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));
const drained = lastValueFrom(events$);
server.listen(0, '127.0.0.1');
await meetBob(coordinator, (await listening).url);

// In this order nobody is told anything wrong: refuse newcomers, end the connections, then stop listening.
draining$.next(true);
await Promise.all([coordinator.close(), drained]);
await new Promise((resolve) => server.close(resolve));

// Prints:
// opened: b0b00000-0000-4000-8000-000000000000 as peer
// bob NODE derp 2 (new)
// bob DISCONNECTED (disconnected)
// closed: b0b00000-0000-4000-8000-000000000000 with 1000
