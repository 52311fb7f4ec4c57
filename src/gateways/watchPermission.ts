import { catchError, defer, endWith, first, isObservable, of, switchMap, throwError } from 'rxjs';
import type { Observable } from 'rxjs';
import { AuthorizationError } from '../auth/auth.js';
import { permission$ } from '../auth/permission.js';
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
      return defer(() => permission$(watcher.auth(requests.addTunnel(peerId)))).pipe(
        endWith(watcher),
        catchError((error: unknown) => throwError(() => refused(error))),
      );
    }),
  );
}

function refused(error: unknown): unknown {
  return error instanceof AuthorizationError
    ? new IdentityError(`you may not watch this peer: ${error.message}`, 403, { cause: error })
    : error;
}
