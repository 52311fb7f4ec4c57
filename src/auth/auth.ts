import type { ObservableInput } from 'rxjs';
import type { CoordinateRequest } from '../proto/gen/tailnet.js';

/**
 * Decides whether a peer may make a request, before any part of it takes effect. To allow it, return nothing, or
 * something that completes. To refuse it, throw an {@link AuthorizationError}, or return something that fails: the
 * peer gets the response `authorization: <message>` and its connection ends. Anything else that is thrown is a bug, as is
 * the answer `false`: the peer is told `internal coordinator error`, and the log the rest.
 */
export type Auth = (request: CoordinateRequest) => void | ObservableInput<void>;

/** A refusal; its message is told to the peer. */
export class AuthorizationError extends Error {
  /** `AuthorizationError`. */
  override readonly name = 'AuthorizationError';
}
