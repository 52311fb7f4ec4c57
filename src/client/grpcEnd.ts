import { status } from '@grpc/grpc-js';
import { closeCodeOf, closeCodes } from '../proto/closeCodes.js';
import { closeErrors } from '../proto/responses.js';
import type { ConnectionEnd } from './transport.js';

/** These say that the peer may not connect, or may not do what it asked for. */
const refusals: readonly status[] = [
  ...[status.INVALID_ARGUMENT, status.PERMISSION_DENIED, status.UNAUTHENTICATED],
  // There is no such service.
  ...[status.UNIMPLEMENTED, status.NOT_FOUND],
];

const known: readonly string[] = Object.values(closeErrors);

/** The status of a call as the close code that says the same; the table is in docs/client.md. */
export function grpcEnd({ code, details }: { readonly code: status; readonly details: string }): ConnectionEnd {
  // grpc-js says "OK" where nothing is said.
  return { code: closeCode(code, details), reason: code === status.OK ? '' : details };
}

function closeCode(code: status, details: string): number {
  // What a coordinator says when it ends a connection, whatever carries that.
  if (known.includes(details)) return closeCodeOf(details);
  if (code === status.OK) return closeCodes.goodbye;
  if (refusals.includes(code)) return closeCodes.refused;
  if (code === status.RESOURCE_EXHAUSTED)
    return details.startsWith('too many ') ? closeCodes.refused : closeCodes.tooLarge;
  if (code === status.INTERNAL) return closeCodes.internal;
  return closeCodes.broken;
}
