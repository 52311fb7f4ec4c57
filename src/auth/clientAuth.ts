import { parseUuid, uuidFromBytes } from '../proto/uuid.js';
import type { Uuid } from '../proto/uuid.js';
import { AuthorizationError } from './auth.js';
import type { Auth } from './auth.js';
import { nodeAddresses } from './nodeAddresses.js';

/**
 * What a client of one agent may do: open a tunnel to that agent only, under any addresses of its own.
 *
 * Refusals: `invalid agent id, expected <a>, got <b>`, `parse add tunnel id: …`, `parse node address: …`,
 * `invalid address bits, expected 128, got <n>`, `clients may not send ready_for_handshake`.
 *
 * @throws TypeError `not a UUID: "…"` at once
 */
export function clientAuth(agentId: Uuid): Auth {
  const expected = parseUuid(agentId);
  return (request) => {
    if (request.addTunnel) {
      const got = destination(request.addTunnel.id);
      if (got !== expected) throw new AuthorizationError(`invalid agent id, expected ${expected}, got ${got}`);
    }
    nodeAddresses(request);
    if (request.readyForHandshake.length > 0) {
      throw new AuthorizationError('clients may not send ready_for_handshake');
    }
  };
}

function destination(id: Uint8Array): Uuid {
  try {
    return uuidFromBytes(id);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AuthorizationError(`parse add tunnel id: ${reason}`, { cause });
  }
}
