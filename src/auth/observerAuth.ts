import { AuthorizationError } from './auth.js';
import type { Auth } from './auth.js';

/** Why an observer may do nothing that a peer does. */
export const observersOnlyLook = 'an observer may look, and not connect as a peer';

/** What an observer may request: nothing. The refusal: `an observer may look, and not connect as a peer`. */
export function observerAuth(): Auth {
  return () => {
    throw new AuthorizationError(observersOnlyLook);
  };
}
