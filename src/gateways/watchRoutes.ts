import type { IncomingMessage, ServerResponse } from 'node:http';
import { EMPTY, NEVER, Observable, asyncScheduler, filter, map, merge, of, switchMap, take, takeWhile } from 'rxjs';
import type { Coordinator, WatchUpdate } from '../api.js';
import { closeErrors } from '../proto/responses.js';
import { isUuid, nilUuid, parseUuid } from '../proto/uuid.js';
import type { Uuid } from '../proto/uuid.js';
import { acceptsEvents } from './acceptsEvents.js';
import { Attendance, shuttingDown } from './attendance.js';
import { allowOrigin } from './crossOrigin.js';
import { EventStream } from './eventStream.js';
import { getRoute, replyText } from './httpRoutes.js';
import type { HttpRoute, HttpRoutes } from './httpRoutes.js';
import { identified } from './identified.js';
import type { Identity } from './identity.js';
import { pageGuard } from './pageGuard.js';
import { PingWheel } from './pingWheel.js';
import { Places } from './places.js';
import { quote } from './quote.js';
import type { Refusal } from './refusal.js';
import { remoteAddress } from './remoteAddress.js';
import { watchEvent } from './watchEvent.js';
import { completeWatchLimits } from './watchOptions.js';
import type { WatchOptions } from './watchOptions.js';
import { watchPermission } from './watchPermission.js';

/** The path at which a peer is watched. */
export const watchPath = '/api/v2/peers/{id}/watch';

/**
 * What becomes of a peer, as server-sent events, for dashboards and people with curl: `GET /api/v2/peers/{id}/watch`.
 *
 * ```text
 * event: node
 * data: {"id":"7","preferredDerp":2,…}
 *
 * event: lost
 * data: {"id":"7","preferredDerp":2,…}
 * ```
 *
 * The first event says how it is, each further one what it has become: `node` (it is there), `lost`, `disconnected` (there
 * is no node of it), and last `closed`, when the coordinator ends it. It is read only: nothing is written, and the peer
 * does not notice. A client that does not keep up gets the newest event only.
 *
 * 400 for an id that is no UUID, 401 and 403 as `identify` and `origins` say, 405, 406 for who takes no events, 503 when
 * there are too many. Who comes while the server drains is told `closed` at once, and comes back, to another.
 *
 * @throws RangeError at once when a limit is not a number above 0
 * @throws TypeError at once when an entry of `origins` or `trustedProxies` is none
 */
export function watchRoutes(coordinator: Pick<Coordinator, 'watch$'>, options: WatchOptions = {}): HttpRoutes {
  const limits = completeWatchLimits(options.limits);
  const { identify, origins = [], trustedProxies = [], draining$ = of(false), onEvent } = options;
  const { scheduler = asyncScheduler } = options;
  const refusalOf = pageGuard(origins, identify !== undefined);
  const addressOf = remoteAddress(trustedProxies);
  const attendance = new Attendance(limits.maxWatchers, 'watchers');
  const places = new Places(limits.maxHandshakes, scheduler);
  const wheel = new PingWheel(limits.heartbeatPeriod, scheduler);

  const turnAway = (request: IncomingMessage, response: ServerResponse, refusal: Refusal): void => {
    const { status, reason, headers, error } = refusal;
    replyText(response, status, reason, headers);
    const from = addressOf(request);
    onEvent?.({ kind: 'rejected', status, reason, remoteAddress: from, ...(error !== undefined && { error }) });
  };

  /** Who may watch this peer, or why they may not; nobody, where nobody is asked. */
  const admission$ = (request: IncomingMessage, peerId: Uuid) =>
    identify === undefined
      ? of({ identity: undefined })
      : identified(
          request,
          () => watchPermission(identify(request), peerId),
          places,
          limits.handshakeTimeout,
          scheduler,
        );

  const isDraining$ = draining$.pipe(filter((draining) => draining));

  const updates$ = (peerId: Uuid, watcher: Identity | undefined): Observable<WatchUpdate> =>
    merge(
      merge(isDraining$.pipe(map(() => shuttingDown.reason)), watcher?.ends$ ?? NEVER).pipe(
        map((reason): WatchUpdate => ({ kind: 'closed', reason })),
      ),
      coordinator.watch$(peerId),
    ).pipe(takeWhile(({ kind }) => kind !== 'closed', true));

  /** A watch that is over at once. */
  const farewell = (response: ServerResponse): Observable<never> => {
    const closed = watchEvent({ kind: 'closed', reason: shuttingDown.reason });
    return new Observable((subscriber) => {
      subscriber.add(new EventStream(response).end(closed, limits.closeTimeout, scheduler));
    });
  };

  const stream$ = (response: ServerResponse, peerId: Uuid, watcher: Identity | undefined): Observable<never> =>
    new Observable((subscriber) => {
      const stream = new EventStream(response);
      subscriber.add(wheel.watch(stream));
      subscriber.add(
        updates$(peerId, watcher).subscribe({
          next: (update) => {
            if (update.kind !== 'closed') stream.send(watchEvent(update));
            else subscriber.add(stream.end(watchEvent(update), limits.closeTimeout, scheduler));
          },
          error: (error: unknown) => {
            stream.end(watchEvent({ kind: 'closed', reason: closeErrors.internal }), limits.closeTimeout, scheduler);
            subscriber.error(error);
          },
        }),
      );
    });

  const watch: HttpRoute = (request, response, { id = '' }) => {
    if (!acceptsEvents(request.headers.accept)) {
      replyText(response, 406, 'this is text/event-stream, which your header Accept does not take');
      return;
    }
    const problem = problemWith(id);
    if (problem !== undefined) {
      replyText(response, 400, problem);
      return;
    }
    // It would take a place without anything to show for it, for as long as the answer before goes on.
    if (response.socket === null) {
      replyText(response, 400, 'watch over a connection of its own: there is an answer before this one');
      return;
    }
    const peerId = parseUuid(id);
    const { obstacle } = attendance;
    if (obstacle) {
      turnAway(request, response, obstacle);
      return;
    }
    return attendance.counted(
      draining$.pipe(
        take(1),
        // Not 503, for which an `EventSource` gives up for ever: it is to come back, to another.
        switchMap((draining) => (draining ? farewell(response) : admission$(request, peerId))),
        switchMap((found) => {
          if ('refusal' in found) {
            turnAway(request, response, found.refusal);
            return EMPTY;
          }
          if (request.method !== 'HEAD') return stream$(response, peerId, found.identity);
          response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8', 'Cache-Control': 'no-store' });
          response.end();
          return EMPTY;
        }),
      ),
    );
  };

  const route = getRoute(watch);
  return {
    [watchPath]: (request, response, parameters) => {
      const refusal = refusalOf(request.headers);
      if (refusal === undefined) {
        return allowOrigin(request, response) ? undefined : route(request, response, parameters);
      }
      turnAway(request, response, refusal);
    },
  };
}

function problemWith(id: string): string | undefined {
  if (!isUuid(id)) return `the id in the path must be the UUID of a peer, got ${quote(id)}`;
  return parseUuid(id) === nilUuid ? 'the id in the path must not be the nil UUID' : undefined;
}
