// A dashboard of a fleet: a page that shows who of these agents is there, live. With a port in the environment, as in
// `PORT=7380 node --import tsx examples/fleetDashboard.ts`, it stays until Ctrl+C; without, it looks at itself and ends.
import { auditTime, map, merge, scan, shareReplay, tap } from 'rxjs';
import { createCoordinator } from 'tailnet-coordinator';
import type { Uuid } from 'tailnet-coordinator';
import { getRoute, httpServer$ } from 'tailnet-coordinator/gateways';
import { alice, bob, carol, memoryDatabase, testPeer } from 'tailnet-coordinator/testing';

const port = Number(process.env['PORT'] ?? 0);
const coordinator = createCoordinator({ database: memoryDatabase() });

// To watch writes nothing, and no agent notices. Each is read once, however many look at the page.
const watch$ = (name: string, id: Uuid) => coordinator.watch$(id).pipe(map(({ kind }) => [name, kind] as const));
const fleet$ = merge(watch$('alice', alice), watch$('bob', bob), watch$('carol', carol)).pipe(
  scan((fleet, [name, kind]) => ({ ...fleet, [name]: kind }), {}),
  auditTime(50), // Twenty times a second at most, however many change.
  shareReplay({ bufferSize: 1, refCount: true }),
);

const page = `<!doctype html><title>Fleet</title><pre></pre>
<script>
new EventSource('/fleet').onmessage = ({ data }) =>
  (document.querySelector('pre').textContent = JSON.stringify(JSON.parse(data), null, 2));
</script>`;
const routes = {
  '/': getRoute((_request, response) => void response.setHeader('Content-Type', 'text/html').end(page)),
  '/fleet': getRoute((_request, response) => {
    response.setHeader('Content-Type', 'text/event-stream');
    // What a route returns is unsubscribed when the browser leaves.
    return fleet$.pipe(tap((fleet) => response.write(`data: ${JSON.stringify(fleet)}\n\n`)));
  }),
};

const [alices, bobs] = [testPeer(coordinator, alice), testPeer(coordinator, bob)];
const deeds = [() => alices.updateDerp(1), () => bobs.updateDerp(2), () => alices.drop(), () => void bobs.disconnect()];

/** Looks as a browser would. After each event something happens to the fleet. */
const look = async (url: string): Promise<void> => {
  const { body } = await fetch(`${url}/fleet`);
  for await (const event of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    console.log(event.trim());
    if (deeds.length === 0) break;
    deeds.shift()?.();
  }
  serving.unsubscribe();
  await coordinator.close();
};
const serving = httpServer$({ port, routes }).subscribe(({ url }) => {
  if (port === 0) return void look(url);
  for (const deed of deeds.slice(0, 3)) deed();
  console.log(`look at ${url}`);
});

// Prints:
// data: {"alice":"disconnected","bob":"disconnected","carol":"disconnected"}
// data: {"alice":"node","bob":"disconnected","carol":"disconnected"}
// data: {"alice":"node","bob":"node","carol":"disconnected"}
// data: {"alice":"lost","bob":"node","carol":"disconnected"}
// data: {"alice":"lost","bob":"disconnected","carol":"disconnected"}
