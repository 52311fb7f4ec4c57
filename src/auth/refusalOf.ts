import { AuthorizationError } from './auth.js';

/**
 * What it means that the answer of an {@link Auth} failed with this. A plain error is a refusal, and its message is for the
 * peer. Not so an error of another kind, or one with a code: that is something that broke, and what it says is nobody's
 * business out there.
 */
export function refusalOf(error: unknown): unknown {
  return error instanceof Error && error.name === 'Error' && !('code' in error)
    ? new AuthorizationError(error.message, { cause: error })
    : error;
}
