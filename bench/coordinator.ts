// npm run --silent bench:coordinator -- --database-url URL [--brief]: one coordinator in a process of its own, told what
// to do on stdin and saying what happens on stdout, one JSON object a line, as the definitions of the workloads have it:
// so coordinators of different make can be driven in one mesh.
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { filter, firstValueFrom } from 'rxjs';
import { createCoordinator, migrate } from 'tailnet-coordinator';
import { withTwoHyphens } from './commandLine.js';
import type { ScriptedEvent } from './scripted/event.js';
import { parseOp } from './scripted/op.js';
import { scriptedPeers } from './scripted/scriptedPeers.js';

const refuse = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(2);
};

const usage = `usage: npm run --silent bench:coordinator -- --database-url URL [--brief]

One coordinator, which is told what to do by lines of JSON on stdin, and says what happens by lines of JSON on stdout:
docs/benchmark.md says which.

  --database-url URL    a PostgreSQL database, which is migrated. Default: TAILNET_DATABASE_URL
  --brief               say only preferred_derp of each node that a peer is told
`;

const parse = () => {
  try {
    return parseArgs({
      args: process.argv.slice(2).map(withTwoHyphens),
      options: {
        'database-url': { type: 'string' },
        brief: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    return refuse((error instanceof Error ? error.message : String(error)).split(/\. |\n/)[0] ?? '');
  }
};

const { 'database-url': given = process.env['TAILNET_DATABASE_URL'], brief, help } = parse();
if (help) {
  process.stdout.write(usage);
  process.exit(0);
}
const database = given ?? refuse('--database-url is required');

const say = (event: ScriptedEvent): void => {
  process.stdout.write(`${JSON.stringify({ ...event, t: Date.now() })}\n`);
};

const complain = (line: string, error: unknown): void => {
  say({ ev: 'error', id: idIn(line), error: error instanceof Error ? error.message : String(error) });
};

/** Whom a line is about, if that can be read. */
const idIn = (line: string): unknown => /"id"\s*:\s*"([^"]*)"/.exec(line)?.[1]?.toLowerCase() ?? null;

try {
  await migrate(database);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
const coordinator = createCoordinator({ database });
await firstValueFrom(coordinator.health$.pipe(filter((health) => health === 'healthy')));
const peers = scriptedPeers(coordinator, say, brief);
const lines = createInterface({ input: process.stdin });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => lines.close());
say({ ev: 'ready', impl: 'tailnet-coordinator', coordinator: coordinator.id, pid: process.pid });

for await (const line of lines) {
  if (line.trim() === '') continue;
  try {
    const op = parseOp(line);
    if (op.op === 'quit') break;
    peers.perform(op);
  } catch (error) {
    complain(line, error);
  }
}
await coordinator.close();
say({ ev: 'bye' });
// stdin may still be open.
process.exit(0);
