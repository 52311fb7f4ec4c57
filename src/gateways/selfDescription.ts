import { agentAuth } from '../auth/agentAuth.js';
import { clientAuth } from '../auth/clientAuth.js';
import { peerAuth } from '../auth/peerAuth.js';
import { isPeerName, maxNameLength } from '../auth/peerName.js';
import type { Uuid } from '../db/store.js';
import { isUuid, nilUuid, parseUuid } from '../proto/uuid.js';
import { IdentityError } from './identity.js';
import type { Identity } from './identity.js';
import { quote } from './quote.js';

/** What somebody says about themselves, and what the places are called where they say it. */
export interface SelfDescription {
  /** What a place is, for errors: `query parameter`. */
  readonly place: string;
  /** What the places are called. */
  readonly names: { readonly id: string; readonly name: string; readonly role: string; readonly agent: string };
  /** All that is said in a place. */
  readonly valuesOf: (name: string) => readonly string[];
}

/**
 * Believes what somebody says about themselves: `id` (a UUID), `name` (default: the id), `role` (`peer`, the default,
 * `agent` or `client`) and, for a client, `agent` (the UUID of the agent it talks to).
 *
 * @throws IdentityError status 400; the text names the place, what is wrong with it and what is accepted
 */
export function believe({ place, names, valuesOf }: SelfDescription): Identity {
  /** The only value in a place; two would leave it open which one counts. */
  const single = (name: string): string | undefined => {
    const values = valuesOf(name);
    if (values.length > 1) throw new IdentityError(`${place} "${name}" was given ${String(values.length)} times`);
    return values[0];
  };

  const uuid = (name: string, meaning: string): Uuid => {
    const text = single(name);
    if (text === undefined) throw new IdentityError(`${place} "${name}" is required: ${meaning}`);
    if (!isUuid(text)) throw new IdentityError(`${place} "${name}" must be ${meaning}, got ${quote(text)}`);
    const parsed = parseUuid(text);
    if (parsed === nilUuid) throw new IdentityError(`${place} "${name}" must not be the nil UUID`);
    return parsed;
  };

  const label = (): string | undefined => {
    const name = single(names.name);
    if (name === undefined || name === '') return undefined;
    if (!isPeerName(name)) {
      throw new IdentityError(
        `${place} "${names.name}" must have ${String(maxNameLength)} characters at most and no control characters`,
      );
    }
    return name;
  };

  const id = uuid(names.id, 'the UUID of the peer');
  const name = label() ?? id;
  const role = single(names.role) ?? 'peer';
  switch (role) {
    case 'peer':
      // Who names an agent means to be a client, and a peer may do more than a client.
      if (single(names.agent) !== undefined) {
        throw new IdentityError(`${place} "${names.agent}" is accepted with ${names.role}=client only`);
      }
      return { id, name, role, auth: peerAuth() };
    case 'agent':
      if (single(names.agent) !== undefined && uuid(names.agent, `left out, or equal to "${names.id}",`) !== id) {
        throw new IdentityError(
          `${place} "${names.agent}" must be left out or equal to "${names.id}" with ${names.role}=agent`,
        );
      }
      return { id, name, role, auth: agentAuth(id) };
    case 'client': {
      const agentId = uuid(names.agent, `the UUID of the agent to talk to, with ${names.role}=client`);
      return { id, name, role, agentId, auth: clientAuth(agentId) };
    }
    default:
      throw new IdentityError(`${place} "${names.role}" must be peer, agent or client, got ${quote(role)}`);
  }
}
