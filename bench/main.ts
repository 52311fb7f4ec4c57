// npm run bench -- W1|W2|W3|W4|W5|W6|floor [--database-url URL] [--clients N …]: one line of JSON on stdout.
import { parseArgs } from 'node:util';
import { type BenchDatabase, openBenchDatabase } from './benchDatabase.js';
import { floor } from './floor.js';
import { waitForQuiet } from './measure/quiet.js';
import { type Params, type Workload, runWorkload } from './workload.js';
import { w1Propagation } from './workloads/w1Propagation.js';
import { w2Throughput } from './workloads/w2Throughput.js';
import { w3Hub } from './workloads/w3Hub.js';
import { w4Mesh } from './workloads/w4Mesh.js';
import { w5Failover } from './workloads/w5Failover.js';
import { w6Memory } from './workloads/w6Memory.js';

const floorWorkload: Workload = {
  description: 'what the database needs at least: a write that notifies, the notification, a read',
  defaults: { updates: 500 },
  run: async ({ database, params }) => ({ ...(await floor(database, params['updates'] ?? 0)) }),
};

const workloads: Readonly<Record<string, Workload>> = {
  W1: w1Propagation,
  W2: w2Throughput,
  W3: w3Hub,
  W4: w4Mesh,
  W5: w5Failover,
  W6: w6Memory,
  floor: floorWorkload,
};

const usage = `usage: npm run bench -- WORKLOAD [options]

${Object.entries(workloads)
  .map(
    ([name, { description, defaults }]) =>
      `  ${name.padEnd(6)} ${description}\n         ${Object.entries(defaults)
        .map(([param, value]) => `--${param} ${value}`)
        .join(' ')}`,
  )
  .join('\n')}

  --database-url URL    a PostgreSQL server; its tailnet tables are emptied. Default: an embedded one
  --slow-flush          commit_delay=1000, commit_siblings=0 during the run
  --idle-listeners N    foreign connections that listen to something else (0)
  --quiet-wait S        wait at most so many seconds for a quiet machine (0)
`;

const fail = (message: string): never => {
  process.stderr.write(`${message}\n`);
  process.exit(2);
};

const args = process.argv.slice(2);
const name = args[0] ?? fail(usage);
if (name === '--help') {
  process.stdout.write(usage);
  process.exit(0);
}
const workload =
  workloads[name] ?? fail(`there is no workload ${name}; there are ${Object.keys(workloads).join(', ')}`);

const parse = () => {
  try {
    return parseArgs({
      args: args.slice(1),
      options: {
        'database-url': { type: 'string' },
        'slow-flush': { type: 'boolean', default: false },
        'idle-listeners': { type: 'string', default: '0' },
        'quiet-wait': { type: 'string', default: '0' },
        ...Object.fromEntries(Object.keys(workload.defaults).map((param) => [param, { type: 'string' as const }])),
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

const values: Readonly<Record<string, string | boolean | undefined>> = parse();
const numberOf = (option: string, fallback: number): number => {
  const number = Number(values[option] ?? fallback);
  return number >= 0 ? number : fail(`--${option} must be a number, got ${String(values[option])}`);
};
const params: Params = Object.fromEntries(
  Object.entries(workload.defaults).map(([param, fallback]) => [param, numberOf(param, fallback)]),
);
const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${name}: ${text}`);
};

const url = values['database-url'] ?? process.env['TAILNET_DATABASE_URL'];
const database: BenchDatabase = await openBenchDatabase({
  url: typeof url === 'string' ? url : undefined,
  slowFlush: values['slow-flush'] === true,
  idleListeners: numberOf('idle-listeners', 0),
});
try {
  await waitForQuiet(numberOf('quiet-wait', 0));
  progress('starting');
  const metrics = await runWorkload(workload, database, params, progress);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  const shown = { pool: 10, pool_idle: 10, node: process.version, ...database.settings, ...params };
  process.stdout.write(`${JSON.stringify({ impl: 'tailnet-coordinator', workload: name, params: shown, metrics })}\n`);
} finally {
  await database.close();
}
