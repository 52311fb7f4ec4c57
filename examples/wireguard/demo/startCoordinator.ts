import { startChild } from './childProcess.js';
import type { FactLog } from './factLog.js';
import type { Network } from './network.js';
import { commandLine } from './programs.js';
import { coordinatorPort, coordinators } from './topology.js';
import type { CoordinatorName } from './topology.js';

/** A coordinator of the demo, as an operator starts it. */
export interface Coordinator extends AsyncDisposable {
  /** Ends it as a power failure would. */
  kill(): Promise<void>;
}

/**
 * Starts a coordinator in the network of the demo; resolves when it is healthy. The demo fails if it ends before it
 * should.
 *
 * It believes every peer, for nobody but the three hosts reaches that network.
 */
export const startCoordinator = async (
  network: Network,
  name: CoordinatorName,
  databaseUrl: string,
  log: FactLog,
): Promise<Coordinator> => {
  let isKilled = false;
  let onHealthy = () => {};
  const healthy = new Promise<void>((resolve) => (onHealthy = resolve));
  const serve = [
    ...['serve', '--host', coordinators[name], '--port', String(coordinatorPort), '--grpc-port', 'none'],
    ...['--allow-unauthenticated', '--database-url', databaseUrl],
  ];
  const lines: string[] = [];
  const child = startChild([...network.at('net'), ...commandLine, ...serve], (line) => {
    lines.push(line);
    if (line.includes('"health":"healthy"')) onHealthy();
  });
  void child.ended.then((how) => {
    if (!isKilled) log.fail(new Error(`${name} ended: ${how}\n${lines.slice(-20).join('\n')}\n${child.complaint()}`));
  });
  await Promise.race([healthy, log.failed]);
  log.tell({ kind: 'coordinator', name, state: 'live' });
  return {
    kill: async () => {
      isKilled = true;
      child.signal('SIGKILL');
      await child.ended;
      log.tell({ kind: 'coordinator', name, state: 'killed' });
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
};
