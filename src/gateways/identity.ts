import type { IncomingMessage } from 'node:http';
import type { Observable } from 'rxjs';
import type { Auth } from '../auth/auth.js';
import type { Uuid } from '../db/store.js';

/** What a peer may do: everything, serve one agent's addresses, or talk to one agent. */
export type Role = 'peer' | 'agent' | 'client';

/** Who is at the other end of a connection. */
export interface Identity {
  readonly id: Uuid;
  /** For logs. */
  readonly name: string;
  readonly role: Role;
  /** With the role `client`: the agent it talks to. Needed where V1 is spoken, which has no words for it. */
  readonly agentId?: Uuid;
  /** Authorises every request of this connection. */
  readonly auth: Auth;
}

/**
 * Finds out who wants to connect, before the connection is upgraded. To turn them away, throw an
 * {@link IdentityError}, or return an Observable that fails with one. Only the first value counts. Any other error is
 * a defect: they get a 500, and the event `rejected` carries it.
 */
export type Identify = (request: IncomingMessage) => Identity | Observable<Identity>;

/**
 * Why somebody is turned away, as the one line they get.
 *
 * `status` is 400 (default) when the question was wrong, 401 when the answer to "who are you" was, 403 when they may not.
 */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly status: 400 | 401 | 403;

  constructor(message: string, status: 400 | 401 | 403 = 400, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
