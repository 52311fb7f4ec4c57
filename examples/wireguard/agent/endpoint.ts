import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { meshPrefix, meshPrefixLength } from './meshAddress.js';

/** An address and a port as text: `192.0.2.1:41641`, `[2001:db8::1]:41641`. */
export const formatEndpoint = (address: string, port: number): string =>
  isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;

/**
 * Addresses at which there is no other machine: this one, groups of machines, and those of the mesh, by which what the
 * tunnel sends would come into the tunnel again, and for ever.
 */
const nowhere = new BlockList();
nowhere.addSubnet('0.0.0.0', 8, 'ipv4');
nowhere.addSubnet('127.0.0.0', 8, 'ipv4');
nowhere.addSubnet('224.0.0.0', 4, 'ipv4');
nowhere.addAddress('255.255.255.255', 'ipv4');
nowhere.addSubnet('::', 127, 'ipv6');
nowhere.addSubnet('ff00::', 8, 'ipv6');
nowhere.addSubnet(meshPrefix, meshPrefixLength, 'ipv6');

/**
 * Whether WireGuard can reach another machine there. Names are no endpoints, of machines or of interfaces (`%eth0`):
 * `wg` would ask what they mean, and fail where nobody knows, and what a stranger wrote is not a reason to do either.
 */
export const isEndpoint = (text: string): boolean => {
  const [, inBrackets, plain = '', port = ''] = /^(?:\[([^\]%]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  if (Number(port) < 1 || Number(port) > 65535) return false;
  if (inBrackets === undefined) return isIPv4(plain) && !nowhere.check(plain, 'ipv4');
  return isIPv6(inBrackets) && !nowhere.check(inBrackets, 'ipv6');
};
