import type { NetworkInterfaceInfo } from 'node:os';
import { formatEndpoint } from './endpoint.js';

/**
 * Where this machine may be reached from outside: every address of its interfaces but those that mean something to
 * itself alone (loopback, link-local), and but those of the mesh, which would lead into the tunnel.
 *
 * @param interfaces as `networkInterfaces()` of `node:os` gives them
 * @param port where WireGuard listens
 * @param own the name of the WireGuard interface
 * @returns sorted, so that the same addresses are the same endpoints
 */
export const localEndpoints = (
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>>,
  port: number,
  own: string,
): readonly string[] =>
  Object.entries(interfaces)
    .filter(([name]) => name !== own)
    .flatMap(([, addresses = []]) => addresses)
    .filter(({ internal, address }) => !internal && !/^(169\.254\.|fe[89ab].:)/i.test(address))
    .map(({ address }) => formatEndpoint(address, port))
    .sort();
