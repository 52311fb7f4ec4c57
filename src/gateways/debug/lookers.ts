import type { IncomingMessage, ServerResponse } from 'node:http';
import { EMPTY, catchError, concat, defer, first, isObservable, map, of, switchMap, take } from 'rxjs';
import type { Observable, SchedulerLike } from 'rxjs';
import { Attendance, shuttingDown } from '../attendance.js';
import { allowOrigin } from '../crossOrigin.js';
import { getRoute, replyText } from '../httpRoutes.js';
import type { HttpRoute } from '../httpRoutes.js';
import { identified } from '../identified.js';
import { IdentityError } from '../identity.js';
import type { Identify, Identity } from '../identity.js';
import { tokenRequired } from '../identityFromToken.js';
import { pageGuard } from '../pageGuard.js';
import { Places } from '../places.js';
import type { Refusal } from '../refusal.js';
import { remoteAddress } from '../remoteAddress.js';
import type { PathParameters } from '../routeTable.js';
import { untilSent } from '../untilSent.js';
import type { DebugLimits, DebugOptions } from './debugOptions.js';

/** Answers somebody who may look; nobody is known where nobody was asked. Unsubscribed when they leave. */
export type Show = (
  request: IncomingMessage,
  response: ServerResponse,
  parameters: PathParameters,
  viewer: Identity | undefined,
) => Observable<unknown>;

/** In a query a token would get into the logs of everything in between. */
const tokenInQuery: Refusal = {
  status: 400,
  reason: 'a token to look with belongs in the header "Authorization: Bearer …": what is in a query is logged',
};

/**
 * Makes routes for those who may look: by where their page is from, by how many there are, and by who they are.
 *
 * @throws TypeError at once when an entry of `origins` or `trustedProxies` is none
 */
export function routesForLookers(
  { identify, origins = [], trustedProxies = [], draining$ = of(false), onEvent }: DebugOptions,
  { maxViewers, maxHandshakes, handshakeTimeout, closeTimeout }: DebugLimits,
  scheduler: SchedulerLike,
): (show: Show) => HttpRoute {
  const refusalOf = pageGuard(origins, identify !== undefined);
  const addressOf = remoteAddress(trustedProxies);
  const attendance = new Attendance(maxViewers, 'viewers');
  const places = new Places(maxHandshakes, scheduler);

  const turnAway = (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    const { status, reason, headers, error } = refusal;
    replyText(response, status, reason, headers);
    const from = addressOf(request);
    onEvent?.({ kind: 'rejected', status, reason, remoteAddress: from, ...(error !== undefined && { error }) });
  };

  const admission$ = (request: IncomingMessage) =>
    identify === undefined
      ? of({ identity: undefined })
      : identified(request, () => observerOf(request, identify), places, handshakeTimeout, scheduler);

  return (show) => {
    const route = getRoute((request, response, parameters) => {
      const obstacle = identify !== undefined && hasToken(request) ? tokenInQuery : attendance.obstacle;
      if (obstacle) {
        turnAway(request, response, obstacle);
        return;
      }
      // It would take a place without anything to show for it, for as long as the answer before goes on.
      if (response.socket === null) {
        replyText(response, 400, 'look over a connection of its own: there is an answer before this one');
        return;
      }
      return attendance.counted(
        draining$.pipe(
          take(1),
          switchMap((isDraining) => (isDraining ? of({ refusal: shuttingDown }) : admission$(request))),
          switchMap((found) => {
            if (!('refusal' in found)) {
              // An answer takes its place for as long as it takes memory.
              return concat(show(request, response, parameters, found.identity), untilSent(response, closeTimeout));
            }
            turnAway(request, response, found.refusal);
            return EMPTY;
          }),
        ),
      );
    });
    return (request, response, parameters) => {
      const refusal = refusalOf(request.headers);
      if (refusal === undefined) {
        return allowOrigin(request, response) ? undefined : route(request, response, parameters);
      }
      turnAway(request, response, refusal);
    };
  };
}

/** Fails for anybody else with an IdentityError of status 403, and as `identify` does, but for where a token belongs. */
function observerOf(request: IncomingMessage, identify: Identify): Observable<Identity> {
  return defer(() => {
    const identity = identify(request);
    return isObservable(identity) ? identity : of(identity);
  }).pipe(
    first(),
    map((viewer) => {
      if (viewer.role === 'observer') return viewer;
      throw new IdentityError(`only an observer may look at everything, and this is of the role ${viewer.role}`, 403);
    }),
    catchError((error: unknown) => {
      if (!(error instanceof IdentityError) || error.message !== tokenRequired) throw error;
      throw new IdentityError('a token is required: in the header "Authorization: Bearer …"', 401);
    }),
  );
}

function hasToken({ url = '' }: Pick<IncomingMessage, 'url'>): boolean {
  const start = url.indexOf('?');
  return start >= 0 && new URLSearchParams(url.slice(start + 1)).has('token');
}
