// A coordinator inside an Express application.
import { createServer } from 'node:http';
import express from 'express';
import { BehaviorSubject, filter, firstValueFrom, lastValueFrom, share } from 'rxjs';
import { createCoordinator } from 'tailnet-coordinator';
import {
  coordinatePath,
  healthRoutes,
  serveRoutes,
  watchRoutes,
  webSocketGateway,
  webSocketRoute,
} from 'tailnet-coordinator/gateways';
import { memoryDatabase } from 'tailnet-coordinator/testing';
import { meetBob } from './meetBob.js';
import { watchBob } from './watchBob.js';

const coordinator = createCoordinator({ database: memoryDatabase() });
const draining$ = new BehaviorSubject(false);

const app = express();
app.get('/', (_request, response) => void response.send('hello'));
const routes = {
  ...healthRoutes(coordinator, draining$),
  ...watchRoutes(coordinator, { draining$ }),
  // For requests to that path that want no WebSocket.
  [coordinatePath]: webSocketRoute,
};
// What is `{id}` here is `:id` there.
app.all(
  Object.keys(routes).map((path) => path.replace(/{(\w+)}/g, ':$1')),
  serveRoutes(routes),
);

// Upgrade requests do not go through Express: its middleware does not see them, so `identify` looks at them itself.
const server = createServer(app);
const drain$ = draining$.pipe(filter(Boolean));
const events$ = webSocketGateway(coordinator, { server, drain$ }).pipe(share());
const listening = firstValueFrom(events$.pipe(filter((event) => event.kind === 'listening')));
const drained = lastValueFrom(events$);
server.listen(0, '127.0.0.1');
const { url } = await listening;
const { host } = new URL(url);
console.log('ready:', await (await fetch(`http://${host}/readyz`)).json());
await meetBob(coordinator, url);
await watchBob(`http://${host}`);

draining$.next(true);
await Promise.all([coordinator.close(), drained]);
await new Promise((resolve) => server.close(resolve));

// Prints:
// ready: { status: 'healthy' }
// bob NODE derp 2 (new)
// bob DISCONNECTED (disconnected)
// watched: event: disconnected
