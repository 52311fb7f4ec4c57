// One coordinator in a process of its own, told what to do on stdin and saying what happens on stdout: one JSON object
// a line, as WORKLOADS define them. So coordinators of different make can be driven in one mesh.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { firstValueFrom, filter } from 'rxjs';
import { Subject, type Subscription } from 'rxjs';
import { type CoordinateRequest, type Node, createCoordinator, peerIdOf, requests } from 'tailnet-coordinator';
import { peerUpdateKindName } from 'tailnet-coordinator/proto';
import { nodeFromJson, nodeToJson } from './nodeJson.js';

/** What can be asked for. */
type Op =
  | { readonly op: 'connect' | 'close' | 'drop'; readonly id: string }
  | { readonly op: 'update'; readonly id: string; readonly node: Readonly<Record<string, unknown>> }
  | { readonly op: 'tunnel' | 'untunnel' | 'rfh'; readonly id: string; readonly dst: string }
  | { readonly op: 'quit' };

interface Connected {
  readonly requests$: Subject<CoordinateRequest>;
  readonly subscription: Subscription;
}

const { values } = parseArgs({
  options: { 'database-url': { type: 'string' }, brief: { type: 'boolean', default: false } },
});
if (values['database-url'] === undefined) {
  console.error('--database-url is required');
  process.exit(2);
}

const say = (event: Readonly<Record<string, unknown>>): void => {
  process.stdout.write(`${JSON.stringify({ ...event, t: Date.now() })}\n`);
};

const coordinator = createCoordinator({ database: values['database-url'] });
const connected = new Map<string, Connected>();

const shown = (node: Node | undefined): Readonly<Record<string, unknown>> => {
  if (node === undefined) return {};
  return values.brief ? { preferred_derp: node.preferredDerp } : { node: nodeToJson(node) };
};

const connect = (id: string): void => {
  const requests$ = new Subject<CoordinateRequest>();
  const subscription = coordinator.coordinate$(id, requests$).subscribe({
    next: ({ peerUpdates, error }) => {
      if (error !== '') say({ ev: 'error', id, error });
      for (const update of peerUpdates) {
        const { kind, reason, node } = update;
        say({ ev: 'update', id, peer: peerIdOf(update), kind: peerUpdateKindName(kind), reason, ...shown(node) });
      }
    },
    complete: () => {
      if (connected.get(id)?.requests$ === requests$) connected.delete(id);
      say({ ev: 'closed', id });
    },
  });
  connected.set(id, { requests$, subscription });
};

const send = (id: string, request: CoordinateRequest): void => {
  const peer = connected.get(id);
  if (peer === undefined) say({ ev: 'error', id, error: 'not connected' });
  else peer.requests$.next(request);
};

const perform = (op: Op): void => {
  switch (op.op) {
    case 'connect':
      connect(op.id);
      break;
    case 'update':
      send(op.id, requests.updateSelf(nodeFromJson(op.node)));
      break;
    case 'tunnel':
      send(op.id, requests.addTunnel(op.dst));
      break;
    case 'untunnel':
      send(op.id, requests.removeTunnel(op.dst));
      break;
    case 'rfh':
      send(op.id, requests.readyForHandshake(op.dst));
      break;
    case 'close':
      send(op.id, requests.disconnect());
      break;
    case 'drop':
      connected.get(op.id)?.subscription.unsubscribe();
      connected.delete(op.id);
      say({ ev: 'closed', id: op.id });
      break;
    case 'quit':
      break;
  }
};

await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
say({ ev: 'ready', impl: 'tailnet-coordinator', coordinator: coordinator.id, pid: process.pid });
for await (const line of createInterface({ input: process.stdin })) {
  if (line.trim() === '') continue;
  const op = JSON.parse(line) as Op;
  if (op.op === 'quit') break;
  try {
    perform(op);
  } catch (error) {
    say({ ev: 'error', id: op.id, error: error instanceof Error ? error.message : String(error) });
  }
}
await coordinator.close();
say({ ev: 'bye' });
process.exit(0);
