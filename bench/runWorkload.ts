import { createBench } from './bench.js';
import type { CommandLine } from './commandLine.js';
import type { Workload } from './command.js';
import { openBenchDatabase } from './database/benchDatabase.js';
import { waitForQuiet } from './measure/quiet.js';
import { createPeerRun } from './peers/peerRun.js';
import type { Progress } from './progress.js';

/**
 * Runs a workload and prints its line.
 *
 * @param ending takes what must be undone at the end
 */
export const runWorkload = async (
  line: CommandLine,
  workload: Workload,
  url: string,
  progress: Progress,
  ending: (() => Promise<void>)[],
): Promise<void> => {
  const { name, numbers, shape } = line;
  const peers = createPeerRun(shape);
  const database = await openBenchDatabase({ ...line, url, received: () => peers.received });
  ending.push(() => database.close());
  if (line.quietWait > 0) progress.say('waiting for a quiet machine');
  await waitForQuiet(line.quietWait);
  progress.say('starting');
  const bench = createBench(database, peers, numbers, progress.say, line.busUrl);
  ending.push(() => bench.close());
  const metrics = await workload.run(bench);
  progress.end();
  for (const [complaint, times] of peers.complaints) {
    process.stderr.write(`a coordinator complained ${times} times: ${complaint}\n`);
  }
  // The coordinators have the defaults of the package: ten connections, all of which may stay idle.
  const params = {
    ...{ pool: 10, pool_idle: 10, node: process.version, ...database.settings },
    ...(line.busUrl !== undefined && { bus: 'nats' }),
    ...{ endpoints: shape.endpoints, regions: shape.regions, addresses: shape.addresses, ...numbers },
  };
  process.stdout.write(`${JSON.stringify({ impl: 'tailnet-coordinator', workload: name, params, metrics })}\n`);
};
