import { stdSerializers } from 'pino';
import { TimeoutError } from 'rxjs';
import { IdentityError } from '../auth/identity.js';
import { StoreError } from '../db/store.js';

/**
 * An error as it is logged. What a database that is away makes of every call says nothing but its sentence and its code:
 * no stack, and not the same sentence once more from the cause. A batch that was refused keeps both, for whoever looks
 * for the row at fault.
 */
export function loggedError(error: Error): object {
  if (error instanceof TimeoutError) return { type: error.name, message: error.message };
  if (error instanceof IdentityError) {
    // Everybody who connects meanwhile makes one more of these.
    const { name: type, message, cause } = error;
    return { type, message, ...(cause instanceof Error && { cause: cause.message }) };
  }
  if (!(error instanceof StoreError) || error.reason === 'refused') return stdSerializers.err(error);
  const { name: type, reason, message, cause } = error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return { type, reason, message, ...(typeof code === 'string' && { code }) };
}
