import type { Identity } from './identity.js';
import type { IncomingCall } from './incomingCall.js';
import { believe } from './selfDescription.js';

const names = { id: 'x-peer-id', name: 'x-peer-name', role: 'x-peer-role', agent: 'x-agent-id' } as const;

/**
 * Believes what the metadata of a call says: `x-peer-id` (the peer's UUID), `x-peer-name` (default: the id), `x-peer-role`
 * (`peer`, the default, `agent` or `client`) and, for a client, `x-agent-id` (the UUID of the agent it talks to). Other
 * metadata is ignored.
 *
 * Nothing is proven. This is for networks where everybody who can connect is trusted.
 *
 * @throws IdentityError status 400; the text names the entry, what is wrong with it and what is accepted
 */
export function identityFromMetadata({ metadata }: Pick<IncomingCall, 'metadata'>): Identity {
  return believe({ place: 'metadata', names, valuesOf: (name) => metadata.get(name).map(String) });
}
