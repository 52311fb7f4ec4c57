import type { CoordinateRequest } from '../proto/gen/tailnet.js';
import { uuidToBytes } from '../proto/uuid.js';
import type { Uuid } from '../proto/uuid.js';
import { AuthorizationError } from './auth.js';
import { formatIpAddress, parseIpPrefix } from './ipPrefix.js';

/** The first 48 bits of a mesh address; the other 80 are those of its owner's UUID. */
const servicePrefixes = {
  /** fd7a:115c:a1e0::/48 */
  tailscale: [0xfd, 0x7a, 0x11, 0x5c, 0xa1, 0xe0],
  /** fd60:627a:a42b::/48 */
  coder: [0xfd, 0x60, 0x62, 0x7a, 0xa4, 0x2b],
} as const;

/** The one address that all agents had before each got its own. */
const legacyAgentAddress = 'fd7a:115c:a1e0:49d6:b259:b7ac:b1b2:48f4';

/**
 * The addresses of the node that a request publishes, in canonical text; none if it publishes no node.
 *
 * @throws AuthorizationError `update_self node is required`
 * @throws AuthorizationError `parse node address: …` for what is not CIDR text
 * @throws AuthorizationError `invalid address bits, expected 128, got <n>` for anything but a single IPv6 address
 */
export function nodeAddresses(request: CoordinateRequest): readonly string[] {
  const { updateSelf } = request;
  if (!updateSelf) return [];
  if (!updateSelf.node) throw new AuthorizationError('update_self node is required');
  return updateSelf.node.addresses.map((text) => {
    const prefix = parseIpPrefix(text);
    if (!prefix) throw new AuthorizationError(`parse node address: ${quote(text)} is not an IP prefix`);
    if (prefix.bits !== 128) {
      throw new AuthorizationError(`invalid address bits, expected 128, got ${String(prefix.bits)}`);
    }
    return formatIpAddress(prefix.address);
  });
}

/** The addresses that an agent may claim, in canonical text: its UUID under either service prefix, and the legacy one. */
export function agentAddresses(agentId: Uuid): ReadonlySet<string> {
  const own = uuidToBytes(agentId).subarray(6);
  const derived = Object.values(servicePrefixes).map((prefix) => formatIpAddress(Uint8Array.from([...prefix, ...own])));
  return new Set([...derived, legacyAgentAddress]);
}

/** A stranger's text, short enough for a message. */
function quote(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
