import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddr from 'proxy-addr';

/** Where a request comes from, as an address; empty if that cannot be said, as of a socket in the file system. */
export type RemoteAddress = (request: IncomingMessage) => string;

/**
 * Finds out where requests come from that went through proxies. Each proxy appends to `X-Forwarded-For` whom it heard the
 * request from, so the header is believed from its end, for as long as it was a trusted proxy that said so. What a
 * client itself has put into it is never reached. No other header is read, `Forwarded` neither.
 *
 * @param trustedProxies addresses, such as `10.0.0.7`, and ranges, such as `10.0.0.0/8`; `loopback`, `linklocal` and
 *   `uniquelocal` are the ranges of that name. None: the header counts for nothing
 * @throws TypeError `not an address or range: "10.0.0"; …`
 */
export function remoteAddress(trustedProxies: readonly string[]): RemoteAddress {
  if (trustedProxies.length === 0) return ({ socket }) => socket.remoteAddress ?? '';
  const isTrusted = trustOf(trustedProxies);
  return (request) => {
    if (request.socket.remoteAddress === undefined) return '';
    const hops = proxyAddr.all(request, (hop, index) => isTrusted(withoutPort(hop), index)).map(withoutPort);
    // A proxy may say `unknown`. Then it is itself the farthest one known.
    return hops.findLast((hop) => isIP(hop) !== 0) ?? '';
  };
}

function trustOf(trustedProxies: readonly string[]): (address: string, index: number) => boolean {
  const entries = trustedProxies.map((entry) => entry.trim());
  const wrong = entries.find((entry) => !isRange(entry));
  if (wrong !== undefined) {
    throw new TypeError(
      `not an address or range: ${JSON.stringify(wrong)}; it looks like 10.0.0.7, 10.0.0.0/8, 2001:db8::/32, loopback, linklocal or uniquelocal`,
    );
  }
  return proxyAddr.compile([...entries]);
}

/** The library would take `10` for an address, and fail with other words for other mistakes. */
function isRange(entry: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(entry)) return true;
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  const family = isIP(address);
  if (family === 0 || address.includes('%')) return false;
  return bits === undefined || (Number(bits) >= 1 && Number(bits) <= (family === 4 ? 32 : 128));
}

/** Some proxies say `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(hop: string): string {
  return /^\[([^\]]*)\](?::\d+)?$/.exec(hop)?.[1] ?? /^([\d.]+):\d+$/.exec(hop)?.[1] ?? hop;
}
