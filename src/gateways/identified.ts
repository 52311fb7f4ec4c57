import { catchError, defer, first, isObservable, map, of, timeout, TimeoutError } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { IdentityError } from './identity.js';
import type { Identity } from './identity.js';
import type { Places } from './places.js';
import type { Refusal } from './refusal.js';

/**
 * Who wants to connect, or why they may not. Emits one value, at once if `identify` does, and completes; never errors.
 *
 * @param places where `identify` does its work
 * @param limit milliseconds that may take, waiting for a place included
 */
export function identified<Request>(
  request: Request,
  identify: (request: Request) => Identity | Observable<Identity>,
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
