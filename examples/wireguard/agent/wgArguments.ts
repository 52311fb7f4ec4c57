import type { WireGuardChange } from './planPeers.js';

/**
 * How often, in seconds, a packet is sent when there is nothing else to say, so that firewalls and address translators
 * on the way keep the path open. What the manual of `wg` recommends.
 */
export const keepalive = 25;

/** So many changes are in one command, some 100 KB: Linux takes 2 MiB of words, by default. */
const changesPerCommand = 500;

/** What `wg` is to be called with, one after the other, to make all these changes. */
export const wgCommands = (name: string, changes: readonly WireGuardChange[]): readonly (readonly string[])[] =>
  Array.from({ length: Math.ceil(changes.length / changesPerCommand) }, (_, index) =>
    wgArguments(name, changes.slice(index * changesPerCommand, (index + 1) * changesPerCommand)),
  );

/** What `wg` is to be called with to make these changes at once. */
export const wgArguments = (name: string, changes: readonly WireGuardChange[]): readonly string[] => [
  'set',
  name,
  ...changes.flatMap(argumentsOf),
];

const argumentsOf = (change: WireGuardChange): readonly string[] => {
  if (change.kind === 'remove') return ['peer', change.publicKey, 'remove'];
  const { publicKey, endpoint, allowedIps } = change.peer;
  const where = endpoint === undefined ? [] : ['endpoint', endpoint];
  const what = ['allowed-ips', allowedIps.join(), 'persistent-keepalive', String(keepalive)];
  return ['peer', publicKey, ...where, ...what];
};
