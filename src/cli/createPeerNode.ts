import { randomBytes, randomInt } from 'node:crypto';
import type { Uuid } from '../db/store.js';
import { Node } from '../proto/gen/tailnet.js';

/** A node with random keys, in this relay region, with the address that belongs to the id. There is no WireGuard behind it. */
export function createPeerNode(id: Uuid, derp: number): Node {
  const address = `${meshAddress(id)}/128`;
  return Node.fromPartial({
    id: BigInt(randomInt(1, 2 ** 47)),
    asOf: { seconds: BigInt(Math.floor(Date.now() / 1000)), nanos: 0 },
    key: Buffer.concat([Buffer.from('np'), randomBytes(32)]),
    disco: `discokey:${randomBytes(32).toString('hex')}`,
    preferredDerp: derp,
    addresses: [address],
    allowedIps: [address],
  });
}

/** The UUID's last 80 bits below fd7a:115c:a1e0::/48. */
function meshAddress(id: Uuid): string {
  const groups = id.replaceAll('-', '').slice(12).match(/.{4}/g) ?? [];
  return new URL(`http://[fd7a:115c:a1e0:${groups.join(':')}]`).hostname.slice(1, -1);
}
