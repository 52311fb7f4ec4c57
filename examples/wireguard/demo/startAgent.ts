import type { AgentEvent } from '../agent/agentEvent.js';
import { parseDump } from '../agent/interfacePeer.js';
import type { InterfacePeer } from '../agent/interfacePeer.js';
import { startChild } from './childProcess.js';
import { command } from './command.js';
import type { FactLog } from './factLog.js';
import type { Network } from './network.js';
import { exampleProgram } from './programs.js';
import { coordinatorPort, coordinators, wireguardPort } from './topology.js';
import type { Host } from './topology.js';

/** The agent of a host. */
export interface Agent extends AsyncDisposable {
  readonly host: Host;
  /** The public key of its interface, in base64. It is there as soon as the agent has said that its interface is up. */
  publicKey(): string;
  /** Asks WireGuard itself. */
  peers(): Promise<readonly InterfacePeer[]>;
  /** Lets it say goodbye; resolves when it has ended. */
  leave(): Promise<void>;
  /** Ends it without a word. Its WireGuard goes on. */
  kill(): Promise<void>;
}

/** Starts the agent of a host. The demo fails if it ends before it should. */
export const startAgent = (network: Network, host: Host, log: FactLog): Agent => {
  const { name, id, tunnels, prefers } = host;
  const wireguard = network.interfaceOf(name);
  const urls = prefers.map((coordinator) => `ws://${coordinators[coordinator]}:${coordinatorPort}`);
  const words = [
    ...['--id', id, '--interface', wireguard, '--port', String(wireguardPort)],
    ...urls.flatMap((url) => ['--url', url]),
    ...tunnels.flatMap((peer) => ['--tunnel', peer]),
  ];
  let publicKey = '';
  let isToEnd = false;
  const child = startChild([...network.at(name), ...exampleProgram('agent.ts'), ...words], (line) => {
    const said = JSON.parse(line) as AgentEvent;
    if (said.event === 'up') ({ publicKey } = said);
    log.tell({ kind: 'agent', host: name, said });
  });
  void child.ended.then((how) => {
    if (!isToEnd) log.fail(new Error(`the agent of ${name} ended: ${how}\n${child.complaint()}`));
  });
  const end = async (signal: NodeJS.Signals, how: 'left' | 'killed') => {
    isToEnd = true;
    child.signal(signal);
    await Promise.race([child.ended, log.failed]);
    log.tell({ kind: 'ended', host: name, how });
  };
  return {
    host,
    publicKey: () => publicKey,
    peers: async () => parseDump(await command([...network.at(name), 'wg', 'show', wireguard, 'dump'])),
    leave: () => end('SIGTERM', 'left'),
    kill: () => end('SIGKILL', 'killed'),
    [Symbol.asyncDispose]: () => {
      isToEnd = true;
      return child[Symbol.asyncDispose]();
    },
  };
};
