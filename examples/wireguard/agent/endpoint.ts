import { isIPv4, isIPv6 } from 'node:net';

/** An address and a port as text: `192.0.2.1:41641`, `[2001:db8::1]:41641`. */
export const formatEndpoint = (address: string, port: number): string =>
  isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;

/**
 * Whether WireGuard can send there. Names are no endpoints: `wg` would ask the network what they mean, and what a
 * stranger wrote is not a reason to ask anybody.
 */
export const isEndpoint = (text: string): boolean => {
  const [, inBrackets, plain, port = ''] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const isAddress = inBrackets === undefined ? isIPv4(plain ?? '') : isIPv6(inBrackets);
  return isAddress && Number(port) > 0 && Number(port) <= 65535;
};
