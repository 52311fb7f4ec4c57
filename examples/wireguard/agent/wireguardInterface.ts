import { connect } from 'node:net';
import { Observable, concat, ignoreElements, map, merge, of, retry } from 'rxjs';
import { holdProcess } from './holdProcess.js';
import { parseDump } from './interfacePeer.js';
import type { InterfacePeer } from './interfacePeer.js';
import { meshPrefixLength } from './meshAddress.js';
import type { WireGuardChange } from './planPeers.js';
import { runCommand } from './runCommand.js';
import { wgCommands } from './wgArguments.js';

/** A WireGuard interface that is up. */
export interface WireGuardInterface {
  /** Looks when subscribed to: the peers it has now. */
  readonly peers$: Observable<readonly InterfacePeer[]>;
  /** Makes these changes when subscribed to, in order; completes when it has. */
  change(changes: readonly WireGuardChange[]): Observable<never>;
}

/** What an interface is to be. */
export interface InterfaceOptions {
  /** At most 15 characters; nobody else on the machine may use it, in whatever network namespace. */
  readonly name: string;
  /** Its address in the mesh. */
  readonly address: string;
  /** The UDP port that it listens at. */
  readonly port: number;
  /** In base64. */
  readonly privateKey: string;
}

/** How often it is looked whether the interface is there, and how many times, in milliseconds. */
const creation = { delay: 20, count: 500 };

/**
 * Makes the interface with `wireguard-go` and emits it when it is up. It goes when it is unsubscribed from, or when
 * this process ends in good order. Errors when anything of this fails, or when `wireguard-go` ends by itself.
 *
 * All of the mesh is routed into it. Packets to whoever is no peer of it are refused there.
 */
export const wireguardInterface = (options: InterfaceOptions): Observable<WireGuardInterface> => {
  const { name, address } = options;
  const made$ = concat(
    listens(name).pipe(retry(creation)),
    setKey(options),
    // The address is nobody else's: there is no need to wait until that is certain.
    runCommand('ip', ['address', 'add', `${address}/${meshPrefixLength}`, 'dev', name, 'nodad']),
    runCommand('ip', ['link', 'set', name, 'up']),
  ).pipe(ignoreElements());
  return merge(
    holdProcess('wireguard-go', ['--foreground', name]).pipe(ignoreElements()),
    concat(made$, of(controls(name))),
  );
};

/**
 * Completes when wireguard-go takes orders, and errors as long as it does not. `wg` is not to be asked before: where
 * nobody listens yet it takes the socket for one that was left behind, and removes it.
 */
const listens = (name: string): Observable<never> =>
  new Observable((subscriber) => {
    const socket = connect(`/var/run/wireguard/${name}.sock`);
    socket.once('connect', () => subscriber.complete());
    socket.on('error', (error) => subscriber.error(error));
    return () => socket.destroy();
  });

const controls = (name: string): WireGuardInterface => ({
  peers$: runCommand('wg', ['show', name, 'dump']).pipe(map(parseDump)),
  change: (changes) =>
    concat(...wgCommands(name, changes).map((words) => runCommand('wg', words))).pipe(ignoreElements()),
});

/**
 * By way of a pipe: what others may see of a command are its words, and Node.js gives it a socket, which cannot be
 * opened.
 */
const setKey = ({ name, port, privateKey }: InterfaceOptions): Observable<string> => {
  const script = 'cat | wg set "$1" listen-port "$2" private-key /dev/stdin';
  return runCommand('sh', ['-c', script, 'sh', name, String(port)], privateKey);
};
