import type { IncomingMessage } from 'node:http';
import type { Identity } from './identity.js';
import { believe } from './selfDescription.js';

const names = { id: 'id', name: 'name', role: 'role', agent: 'agent' } as const;

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
  return believe({ place: 'query parameter', names, valuesOf: (name) => query.getAll(name) });
}
