import type { Observable } from 'rxjs';
import type { Uuid } from '../proto/uuid.js';
import type { Auth } from './auth.js';

/**
 * What somebody may do: everything that a peer may, serve one agent's addresses, talk to one agent; or, as an observer, look
 * at all there is, and nothing else. An observer is no peer: gateways refuse to connect it.
 */
export type Role = 'peer' | 'agent' | 'client' | 'observer';

/** Who is at the other end of a connection. */
export interface Identity {
  /** The UUID of the peer; of an observer, any that tells it from others. */
  readonly id: Uuid;
  /** For logs. */
  readonly name: string;
  /** What they may do. */
  readonly role: Role;
  /** With the role `client`: the agent it talks to. Needed where V1 is spoken, which has no words for it. */
  readonly agentId?: Uuid;
  /** Authorises every request of this connection. */
  readonly auth: Auth;
  /**
   * When this is no longer who they are: the first value ends the connection. It is told to the peer as the last `error`,
   * such as `token expired`; a WebSocket is closed with 1008, and for others the peer is lost. A gateway subscribes once
   * the connection is accepted, for as long as it is open; what emits at once ends it before the peer counts as connected.
   * Completing means nothing. Failing is a defect: the peer is told `internal coordinator error`. Default: never.
   */
  readonly ends$?: Observable<string>;
}

/**
 * Why somebody is turned away, as the one line they get.
 *
 * `status` is 400 (default) when the question was wrong, 401 when the answer to "who are you" was, 403 when they may not,
 * and 503 when it cannot be found out now: not their fault, so an operator is told the `cause`.
 */
export class IdentityError extends Error {
  /** `IdentityError`. */
  override readonly name = 'IdentityError';
  /** The HTTP status that somebody gets who is turned away over HTTP. */
  readonly status: 400 | 401 | 403 | 503;

  constructor(message: string, status: 400 | 401 | 403 | 503 = 400, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
