import type { IncomingMessage } from 'node:http';
import { catchError, defer, first, isObservable, map, of, timeout, TimeoutError } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { IdentityError } from './identity.js';
import type { Identify, Identity } from './identity.js';
import type { Refusal } from './refusal.js';
import type { Places } from './places.js';
import { chooseSubprotocol, subprotocolNames } from './subprotocols.js';

/** The path of a request, without its query. */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** What somebody gets who asks for a WebSocket's path in any other way than by upgrading. */
export const upgradeRequired: Refusal = {
  status: 426,
  reason: `this path takes WebSockets: GET with "Upgrade: websocket", subprotocol ${subprotocolNames.join(' or ')}`,
  headers: { Upgrade: 'websocket', Connection: 'Upgrade, close' },
};

/** Why an upgrade request cannot become a connection, whoever it comes from; nothing if it can. */
export function checkHandshake(request: Pick<IncomingMessage, 'method' | 'headers'>): Refusal | undefined {
  const { method, headers } = request;
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return upgradeRequired;
  // What follows the request is taken for WebSocket frames: a body would be, too.
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    return { status: 400, reason: 'a WebSocket handshake has no body' };
  }
  try {
    chooseSubprotocol(headers['sec-websocket-protocol']);
  } catch (error) {
    return { status: 400, reason: error instanceof Error ? error.message : String(error) };
  }
  return undefined;
}

/**
 * Who wants to connect, or why they may not. Emits one value, at once if `identify` does, and completes; never errors.
 *
 * @param places where `identify` does its work
 * @param limit milliseconds that may take, waiting for a place included
 */
export function identified(
  request: IncomingMessage,
  identify: Identify,
  places: Places,
  limit: number,
  scheduler: SchedulerLike,
): Observable<{ readonly identity: Identity } | { readonly refusal: Refusal }> {
  const identity$ = defer(() => {
    const identity = identify(request);
    return isObservable(identity) ? identity : of(identity);
  }).pipe(first());
  return places.hold(identity$).pipe(
    timeout({ first: limit, scheduler }),
    map((identity) => ({ identity })),
    catchError((error: unknown) => of({ refusal: refusalFor(error) })),
  );
}

function refusalFor(error: unknown): Refusal {
  if (error instanceof IdentityError) {
    const { status, message: reason } = error;
    if (status === 401) return { status, reason, headers: { 'WWW-Authenticate': 'Bearer' } };
    return status === 503 ? { status, reason, error } : { status, reason };
  }
  if (error instanceof TimeoutError) return { status: 503, reason: 'it took too long to find out who you are', error };
  return { status: 500, reason: 'internal error', error };
}
