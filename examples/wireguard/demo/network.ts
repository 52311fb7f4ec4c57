import { rmSync } from 'node:fs';
import { command } from './command.js';
import { isRunning } from './isRunning.js';
import { coordinators, hosts } from './topology.js';
import type { Host } from './topology.js';

/**
 * Three hosts and the network that joins them, each a network namespace; the network's own has the bridge, the
 * coordinators and their database. The machine's own network is not touched. Disposing of it ends all that runs in
 * there.
 */
export interface Network extends AsyncDisposable {
  /** The words before a command that is to run there: at a host, or in the network itself (`net`). */
  at(place: Host['name'] | 'net'): readonly string[];
  /**
   * The name of a host's WireGuard interface. wireguard-go has one folder for the whole machine, so it is nobody
   * else's.
   */
  interfaceOf(host: Host['name']): string;
  /** Gives a host another address in place of the one it has. */
  move(host: Host['name'], address: string): Promise<void>;
}

const prefix = 'tailnet-demo-';

const namespaceOf = (owner: number, place: string): string => `${prefix}${owner}-${place}`;

const interfacePrefix = (owner: number): string => `tn${owner}-`;

/** Builds it. What is named after a process that does not run any more is removed first. */
export const createNetwork = async (owner = process.pid): Promise<Network> => {
  await sweep();
  const network: Network = {
    at: (place) => ['ip', 'netns', 'exec', namespaceOf(owner, place)],
    interfaceOf: (host) => `${interfacePrefix(owner)}${host}`,
    move: async (host, address) => {
      // Not the new one first: in the same subnet it would be secondary, and go with the old one.
      await ipIn(namespaceOf(owner, host), ['address flush dev eth0 scope global', addressLine(address)]);
    },
    [Symbol.asyncDispose]: () => remove(owner),
  };
  try {
    await build(owner);
  } catch (error) {
    await network[Symbol.asyncDispose]();
    throw error;
  }
  return network;
};

const addressLine = (address: string, device = 'eth0'): string => `address add ${address}/24 dev ${device}`;

const build = async (owner: number): Promise<void> => {
  const net = namespaceOf(owner, 'net');
  for (const place of ['net', ...hosts.map(({ name }) => name)]) {
    await command(['ip', 'netns', 'add', namespaceOf(owner, place)]);
  }
  await ipIn(net, [
    'link set lo up',
    'link add bridge type bridge',
    ...Object.values(coordinators).map((address) => addressLine(address, 'bridge')),
    'link set bridge up',
    ...hosts.flatMap(({ name }) => [
      `link add ${name} type veth peer name eth0 netns ${namespaceOf(owner, name)}`,
      `link set ${name} master bridge up`,
    ]),
  ]);
  for (const { name, address } of hosts) {
    await ipIn(namespaceOf(owner, name), ['link set lo up', addressLine(address), 'link set eth0 up']);
  }
};

/** Runs many commands of `ip` at once; stops at the first that fails. */
const ipIn = (namespace: string, lines: readonly string[]): Promise<string> =>
  command(['ip', '-netns', namespace, '-batch', '-'], `${lines.join('\n')}\n`);

/** Ends what runs in the namespaces of a process, and removes them and what is left of its interfaces. */
const remove = async (owner: number): Promise<void> => {
  for (const namespace of (await allNamespaces()).filter((name) => name.startsWith(namespaceOf(owner, '')))) {
    for (const pid of (await command(['ip', 'netns', 'pids', namespace])).split('\n').map(Number)) {
      if (pid > 0) kill(pid);
    }
    await command(['ip', 'netns', 'delete', namespace]);
  }
  // wireguard-go takes its socket along, unless it was killed.
  for (const { name } of hosts) {
    rmSync(`/var/run/wireguard/${interfacePrefix(owner)}${name}.sock`, { force: true });
  }
};

/** Removes what demos have left behind that were killed before they could. */
const sweep = async (): Promise<void> => {
  const owners = (await allNamespaces()).map((name) => Number(/^tailnet-demo-(\d+)-/.exec(name)?.[1]));
  for (const owner of new Set(owners)) if (owner > 0 && !isRunning(owner)) await remove(owner);
};

const allNamespaces = async (): Promise<readonly string[]> =>
  // Each line has a name, and perhaps an id after it.
  (await command(['ip', 'netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '');

const kill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It has just ended by itself.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
};
