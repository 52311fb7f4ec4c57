import { isUuid, nilUuid, parseUuid } from '../../proto/uuid.js';
import type { Uuid } from '../../proto/uuid.js';
import { agentAuth } from '../agentAuth.js';
import { clientAuth } from '../clientAuth.js';
import { IdentityError } from '../identity.js';
import type { Identity } from '../identity.js';
import { observerAuth } from '../observerAuth.js';
import { peerAuth } from '../peerAuth.js';
import { isPeerName, maxNameLength } from '../peerName.js';

/** What a token says about who holds it. */
export interface IdentityClaims {
  /** The peer's UUID. */
  readonly sub?: unknown;
  /** For logs. Default: the id. */
  readonly name?: unknown;
  /** `peer` (default), `agent`, `client` or `observer`. */
  readonly role?: unknown;
  /** The UUID of the agent that a client talks to. */
  readonly agent?: unknown;
}

/**
 * Who somebody is whose token was verified.
 *
 * @throws IdentityError status 401; the text names the claim and says what is accepted
 */
export function identityFromClaims({ sub, name, role = 'peer', agent }: IdentityClaims): Identity {
  const id = uuid(sub, 'sub', 'the UUID of the peer');
  const identity = { id, name: label(name) ?? id };
  switch (role) {
    case 'peer':
    case 'observer':
      // Who names an agent means a client, and these may do more than a client.
      if (agent !== undefined) throw wrong('agent', 'is accepted with the role client only');
      return { ...identity, role, auth: role === 'peer' ? peerAuth() : observerAuth() };
    case 'agent':
      if (agent !== undefined && !(typeof agent === 'string' && agent.toLowerCase() === id)) {
        throw wrong('agent', 'must be left out or equal to "sub" with the role agent');
      }
      return { ...identity, role, auth: agentAuth(id) };
    case 'client': {
      const agentId = uuid(agent, 'agent', 'the UUID of the agent to talk to, with the role client');
      return { ...identity, role, agentId, auth: clientAuth(agentId) };
    }
    default:
      throw wrong('role', 'must be peer, agent, client or observer');
  }
}

function uuid(value: unknown, claim: string, meaning: string): Uuid {
  if (typeof value !== 'string' || !isUuid(value)) throw wrong(claim, `must be ${meaning}`);
  const parsed = parseUuid(value);
  if (parsed === nilUuid) throw wrong(claim, 'must not be the nil UUID');
  return parsed;
}

function label(name: unknown): string | undefined {
  if (name === undefined || name === '') return undefined;
  if (typeof name === 'string' && isPeerName(name)) return name;
  throw wrong('name', `must be text of ${String(maxNameLength)} characters at most, without control characters`);
}

/** What was claimed is not repeated: whoever has the token can read it. */
function wrong(claim: string, problem: string): IdentityError {
  return new IdentityError(`token claim "${claim}" ${problem}`, 401);
}
