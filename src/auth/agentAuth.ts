import { parseUuid } from '../proto/uuid.js';
import type { Uuid } from '../proto/uuid.js';
import { AuthorizationError } from './auth.js';
import type { Auth } from './auth.js';
import { agentAddresses, nodeAddresses } from './nodeAddresses.js';

/**
 * What an agent may do: others open tunnels to it, it opens none; and the addresses of its node must be its own, that
 * is its id with the first 48 bits replaced by `fd7a:115c:a1e0` or `fd60:627a:a42b` (or the one legacy address).
 *
 * Refusals: `agents cannot open tunnels`, `parse node address: …`, `invalid address bits, expected 128, got <n>`,
 * `invalid node address, got <address>`.
 *
 * @throws TypeError `not a UUID: "…"` at once
 */
export function agentAuth(agentId: Uuid): Auth {
  const own = agentAddresses(parseUuid(agentId));
  return (request) => {
    if (request.addTunnel) throw new AuthorizationError('agents cannot open tunnels');
    for (const address of nodeAddresses(request)) {
      if (!own.has(address)) throw new AuthorizationError(`invalid node address, got ${address}`);
    }
  };
}
