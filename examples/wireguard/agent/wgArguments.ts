import type { WireGuardChange } from './planPeers.js';

/**
 * How often, in seconds, a packet is sent when there is nothing else to say, so that firewalls and address translators
 * on the way keep the path open. What the manual of `wg` recommends.
 */
export const keepalive = 25;

/** What `wg` is to be called with to make all these changes at once. */
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
