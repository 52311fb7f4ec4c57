import {
  EMPTY,
  catchError,
  defer,
  endWith,
  first,
  from,
  ignoreElements,
  isObservable,
  of,
  switchMap,
  throwError,
} from 'rxjs';
import type { Observable } from 'rxjs';
import { AuthorizationError } from '../auth/auth.js';
import type { Auth } from '../auth/auth.js';
import { refusalOf } from '../auth/refusalOf.js';
import { requests } from '../proto/requests.js';
import type { Uuid } from '../proto/uuid.js';
import { IdentityError } from './identity.js';
import type { Identity } from './identity.js';

/**
 * Lets somebody watch a peer if they are the peer, or may open a tunnel to it, which would show them the same, or if they
 * are an observer. Emits their identity; fails with an IdentityError of status 403, `you may not watch this peer: …`, or with what broke.
 */
export function watchPermission(identity: Identity | Observable<Identity>, peerId: Uuid): Observable<Identity> {
  return (isObservable(identity) ? identity : of(identity)).pipe(
    first(),
    switchMap((watcher) => {
      if (watcher.id === peerId || watcher.role === 'observer') return of(watcher);
      return defer(() => answer$(watcher.auth(requests.addTunnel(peerId)))).pipe(
        ignoreElements(),
        endWith(watcher),
        catchError((error: unknown) => throwError(() => refused(error))),
      );
    }),
  );
}

/** Of an answer that comes later, other errors are refusals than of one that is thrown. */
function answer$(answer: ReturnType<Auth>): Observable<unknown> {
  if (answer === undefined) return EMPTY;
  return from(answer).pipe(catchError((error: unknown) => throwError(() => refusalOf(error))));
}

function refused(error: unknown): unknown {
  return error instanceof AuthorizationError
    ? new IdentityError(`you may not watch this peer: ${error.message}`, 403, { cause: error })
    : error;
}
