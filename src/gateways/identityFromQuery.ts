import type { IncomingMessage } from 'node:http';
import { agentAuth } from '../auth/agentAuth.js';
import { clientAuth } from '../auth/clientAuth.js';
import { peerAuth } from '../auth/peerAuth.js';
import { isPeerName, maxNameLength } from '../auth/peerName.js';
import type { Uuid } from '../db/store.js';
import { isUuid, nilUuid, parseUuid } from '../proto/uuid.js';
import { IdentityError } from './identity.js';
import type { Identity } from './identity.js';
import { quote } from './quote.js';

/**
 * Believes what the query says: `id` (the peer's UUID), `name` (default: the id), `role` (`peer`, the default, `agent` or
 * `client`) and, for a client, `agent` (the UUID of the agent it talks to). Other parameters are ignored.
 *
 * Nothing is proven. This is for networks where everybody who can connect is trusted.
 *
 * @throws IdentityError status 400; the text names the parameter, what is wrong with it and what is accepted
 */
export function identityFromQuery(request: Pick<IncomingMessage, 'url'>): Identity {
  const url = request.url ?? '';
  const start = url.indexOf('?');
  const query = new URLSearchParams(start < 0 ? '' : url.slice(start + 1));
  const id = uuid(query, 'id', 'the UUID of the peer');
  const name = label(query) ?? id;
  const role = single(query, 'role') ?? 'peer';
  switch (role) {
    case 'peer':
      // Who names an agent means to be a client, and a peer may do more than a client.
      if (query.has('agent')) throw new IdentityError('query parameter "agent" is accepted with role=client only');
      return { id, name, role, auth: peerAuth() };
    case 'agent':
      if (query.has('agent') && uuid(query, 'agent', 'left out, or equal to "id",') !== id) {
        throw new IdentityError('query parameter "agent" must be left out or equal to "id" with role=agent');
      }
      return { id, name, role, auth: agentAuth(id) };
    case 'client':
      return {
        id,
        name,
        role,
        auth: clientAuth(uuid(query, 'agent', 'the UUID of the agent to talk to, with role=client')),
      };
    default:
      throw new IdentityError(`query parameter "role" must be peer, agent or client, got ${quote(role)}`);
  }
}

/** The only value of a parameter; two would leave it open which one counts. */
function single(query: URLSearchParams, parameter: string): string | undefined {
  const values = query.getAll(parameter);
  if (values.length > 1)
    throw new IdentityError(`query parameter "${parameter}" was given ${String(values.length)} times`);
  return values[0];
}

function uuid(query: URLSearchParams, parameter: string, meaning: string): Uuid {
  const text = single(query, parameter);
  if (text === undefined) throw new IdentityError(`query parameter "${parameter}" is required: ${meaning}`);
  if (!isUuid(text)) throw new IdentityError(`query parameter "${parameter}" must be ${meaning}, got ${quote(text)}`);
  const parsed = parseUuid(text);
  if (parsed === nilUuid) throw new IdentityError(`query parameter "${parameter}" must not be the nil UUID`);
  return parsed;
}

function label(query: URLSearchParams): string | undefined {
  const name = single(query, 'name');
  if (name === undefined || name === '') return undefined;
  if (!isPeerName(name)) {
    throw new IdentityError(
      `query parameter "name" must have ${String(maxNameLength)} characters at most and no control characters`,
    );
  }
  return name;
}
