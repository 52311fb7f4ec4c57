// A coordinator inside a Fastify application, which starts and stops it.
import fastify from 'fastify';
import { BehaviorSubject, filter, lastValueFrom } from 'rxjs';
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

const app = fastify();
app.get('/', () => 'hello');
const routes = {
  ...healthRoutes(coordinator, draining$),
  ...watchRoutes(coordinator, { draining$ }),
  // For requests to that path that want no WebSocket.
  [coordinatePath]: webSocketRoute,
};
const answer = serveRoutes(routes);
for (const path of Object.keys(routes)) {
  // What is `{id}` here is `:id` there.
  app.all(path.replace(/{(\w+)}/g, ':$1'), (request, reply) => {
    reply.hijack();
    answer(request.raw, reply.raw);
  });
}

const drain$ = draining$.pipe(filter(Boolean));
const drained = lastValueFrom(webSocketGateway(coordinator, { server: app.server, drain$ }));
// Fastify waits for all connections before it closes its server: they must end before.
app.addHook('preClose', async () => {
  draining$.next(true);
  await Promise.all([coordinator.close(), drained]);
});

const address = await app.listen({ port: 0, host: '127.0.0.1' });
console.log('ready:', await (await fetch(`${address}/readyz`)).json());
await meetBob(coordinator, address.replace('http', 'ws') + coordinatePath);
await watchBob(address);
await app.close();

// Prints:
// ready: { status: 'healthy' }
// bob NODE derp 2 (new)
// bob DISCONNECTED (disconnected)
// watched: event: disconnected
