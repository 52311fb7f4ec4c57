import { concat, defer, map, of, takeUntil, tap } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Identity } from '../auth/identity.js';
import { observersOnlyLook } from '../auth/observerAuth.js';
import type { Coordinator } from '../api.js';
import type { CoordinateRequest, CoordinateResponse } from '../proto/gen/tailnet.js';
import { errorResponse } from '../proto/responses.js';

/**
 * `coordinate$` for somebody who was identified, with one end more: when the identity ends, the peer is lost, and the last
 * response has the reason as its `error`. Errors when the identity's `ends$` does. An observer is not connected: all it gets
 * is the `error` `authorization: an observer may look, and not connect as a peer`.
 *
 * @param ready$ back-pressure, as for `coordinate$`. The last response does not wait for it
 */
export function coordinateAs(
  coordinator: Pick<Coordinator, 'coordinate$'>,
  { id, name, role, auth, ends$ }: Identity,
  requests$: Observable<CoordinateRequest>,
  ready$: Observable<boolean>,
): Observable<CoordinateResponse> {
  if (role === 'observer') return of(errorResponse(`authorization: ${observersOnlyLook}`));
  const responses$ = coordinator.coordinate$(id, requests$, { name, auth, ready$ });
  // Most identities have no end, and connections are many: nothing stands in between for nothing.
  if (ends$ === undefined) return responses$;
  return defer(() => {
    const last: CoordinateResponse[] = [];
    const ended$ = ends$.pipe(
      map(errorResponse),
      tap((response) => last.push(response)),
    );
    return concat(
      responses$.pipe(takeUntil(ended$)),
      defer(() => last),
    );
  });
}
