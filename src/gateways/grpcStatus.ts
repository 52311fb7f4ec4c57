import { closeCodes, startOf } from './closeCode.js';

/** The gRPC status codes that this gateway uses. The protocol fixes their numbers. */
export const grpcStatus = {
  ok: 0,
  cancelled: 1,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  resourceExhausted: 8,
  aborted: 10,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** How a call ends. */
export interface CallStatus {
  /** The gRPC status code. */
  readonly code: number;
  /** Why, for people: 1024 bytes at most. */
  readonly details: string;
}

const statusOfCode: Readonly<Record<keyof typeof closeCodes, number>> = {
  goodbye: grpcStatus.ok,
  closed: grpcStatus.unavailable,
  protocolError: grpcStatus.internal,
  wrongFrameKind: grpcStatus.invalidArgument,
  broken: grpcStatus.cancelled,
  unreadable: grpcStatus.invalidArgument,
  refused: grpcStatus.invalidArgument,
  tooLarge: grpcStatus.resourceExhausted,
  internal: grpcStatus.internal,
  unhealthy: grpcStatus.unavailable,
  overwritten: grpcStatus.aborted,
};

const byCloseCode: ReadonlyMap<number, number> = new Map(
  Object.entries(closeCodes).map(([name, code]) => [code, statusOfCode[name as keyof typeof closeCodes]]),
);

/**
 * With which status a call ends whose connection is closed with one of `closeCodes`. What a peer may not do and what it
 * asks too much of are told apart by the text, as nowhere else.
 */
export function statusOfClosing(code: number, reason: string): CallStatus {
  return { code: refusedFor(code, reason) ?? byCloseCode.get(code) ?? grpcStatus.internal, details: detailsOf(reason) };
}

function refusedFor(code: number, reason: string): number | undefined {
  if (code !== closeCodes.refused) return undefined;
  if (reason.startsWith('authorization: ')) return grpcStatus.permissionDenied;
  if (reason.startsWith('token ')) return grpcStatus.unauthenticated;
  return reason.startsWith('too many ') ? grpcStatus.resourceExhausted : undefined;
}

const byHttpStatus: ReadonlyMap<number, number> = new Map([
  [400, grpcStatus.invalidArgument],
  [401, grpcStatus.unauthenticated],
  [403, grpcStatus.permissionDenied],
  [503, grpcStatus.unavailable],
]);

/** With which status a call ends that was turned away, for which there is an HTTP status. */
export function statusOfRefusal({ status, reason }: { readonly status: number; readonly reason: string }): CallStatus {
  return { code: byHttpStatus.get(status) ?? grpcStatus.internal, details: detailsOf(reason) };
}

/** Longer ones could be more than a client takes in its headers. */
const maxDetailsBytes = 1024;

function detailsOf(reason: string): string {
  // grpc-js throws over halves of characters, where nobody catches it.
  return startOf(Buffer.from(reason).toString('utf8'), maxDetailsBytes);
}
