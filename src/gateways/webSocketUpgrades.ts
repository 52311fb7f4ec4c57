import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  asyncScheduler,
  BehaviorSubject,
  catchError,
  defer,
  EMPTY,
  filter,
  finalize,
  fromEvent,
  map,
  merge,
  mergeAll,
  mergeMap,
  Observable,
  of,
  switchMap,
  take,
  takeLast,
  takeUntil,
  tap,
} from 'rxjs';
import type { Coordinator } from '../coordinator.js';
import { answerPlainly } from './answerPlainly.js';
import { createAcceptor } from './acceptWebSocket.js';
import type { GatewayEvent } from './gatewayEvent.js';
import { checkHandshake, identified, pathOf } from './handshake.js';
import type { Identity } from './identity.js';
import { identityFromQuery } from './identityFromQuery.js';
import { PingWheel } from './pingWheel.js';
import { Places } from './places.js';
import { refuse } from './refusal.js';
import type { Refusal } from './refusal.js';
import { SendingTurns } from './sendingTurns.js';
import { serverUrl$ } from './serverUrl.js';
import { chooseSubprotocol } from './subprotocols.js';
import { webSocketConnection } from './webSocketConnection.js';
import type { WebSocketGatewayOptions, WebSocketLimits } from './webSocketOptions.js';

/** {@link WebSocketGatewayOptions} with nothing left open that matters here. */
export type UpgradeOptions = Pick<WebSocketGatewayOptions, 'identify' | 'scheduler'> & {
  readonly path: string;
  readonly drain$: Observable<unknown>;
  readonly limits: WebSocketLimits;
};

/** Somebody who wants a WebSocket. */
interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** The gateway, as far as it does not matter whose the server is: upgrade requests in, events out. */
export function webSocketUpgrades(
  coordinator: Pick<Coordinator, 'coordinate$'>,
  server: Server,
  { path, identify = identityFromQuery, scheduler = asyncScheduler, drain$, limits }: UpgradeOptions,
): Observable<GatewayEvent> {
  return defer(() => {
    const open$ = new BehaviorSubject(0);
    let isDraining = false;
    const accept = createAcceptor(limits);
    const places = new Places(limits.maxHandshakes, scheduler);
    const wheel = new PingWheel(limits.pingPeriod, scheduler);
    const surroundings = { coordinator, limits, scheduler, wheel, turns: new SendingTurns(scheduler) };

    const counted = <T>(source$: Observable<T>): Observable<T> =>
      defer(() => {
        open$.next(open$.value + 1);
        return source$;
      }).pipe(
        finalize(() => {
          open$.next(open$.value - 1);
        }),
      );

    const obstacleTo = (request: IncomingMessage): Refusal | undefined => {
      if (pathOf(request) !== path) return { status: 404, reason: `not found; WebSockets are served at ${path}` };
      if (isDraining) return shuttingDown;
      if (open$.value >= limits.maxConnections) {
        return { ...shuttingDown, reason: `too many connections: at most ${String(limits.maxConnections)}` };
      }
      return checkHandshake(request);
    };

    const connect = ({ request, socket, head }: Upgrade, identity: Identity): Observable<GatewayEvent> => {
      const subprotocol = chooseSubprotocol(request.headers['sec-websocket-protocol']);
      const remoteAddress = addressOf(request);
      const { webSocket, refusal } = accept(request, socket, head);
      if (refusal) return rejected(request, socket, refusal);
      if (!webSocket) return EMPTY;
      return counted(webSocketConnection(surroundings, { webSocket, socket, identity, subprotocol, remoteAddress }));
    };

    /** Emits what comes of an upgrade request. The connection is not made here, so that it does not hold the request. */
    const admission = (upgrade: Upgrade): Observable<Observable<GatewayEvent>> => {
      const { request, socket } = upgrade;
      // Until the WebSocket takes care of it. "close" follows.
      socket.on('error', ignore);
      const obstacle = obstacleTo(request);
      if (obstacle) return of(rejected(request, socket, obstacle));
      return counted(
        identified(request, identify, places, limits.handshakeTimeout, scheduler).pipe(
          takeUntil(fromEvent(socket, 'close')),
          tap({
            unsubscribe: () => {
              refuse(socket, shuttingDown);
            },
          }),
          takeLast(1),
          map((found) =>
            'refusal' in found ? rejected(request, socket, found.refusal) : connect(upgrade, found.identity),
          ),
          // A defect in what one request led to is no other's matter.
          catchError((error: unknown) =>
            of(rejected(request, socket, { status: 500, reason: 'internal error', error })),
          ),
        ),
      );
    };

    const drained$ = drain$.pipe(
      take(1),
      tap(() => {
        isDraining = true;
      }),
      switchMap(() => open$),
      filter((open) => open === 0),
    );
    return merge(
      serverUrl$(server, path).pipe(map((url): GatewayEvent => ({ kind: 'listening', url }))),
      upgrade$(server, path).pipe(mergeMap(admission), mergeAll()),
    ).pipe(takeUntil(drained$));
  });
}

const shuttingDown: Refusal = { status: 503, reason: 'shutting down', headers: { 'Retry-After': '1' } };

function upgrade$(server: Server, path: string): Observable<Upgrade> {
  return new Observable<Upgrade>((subscriber) => {
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      const isWebSocket = request.headers.upgrade?.toLowerCase() === 'websocket';
      if (!isWebSocket || pathOf(request) !== path) {
        // Another listener may know what to do. If there is none, nobody but this one would answer.
        if (server.listenerCount('upgrade') > 1) return;
        if (!isWebSocket && answerPlainly(server, request, socket)) return;
      }
      subscriber.next({ request, socket, head });
    };
    server.on('upgrade', onUpgrade);
    return () => server.off('upgrade', onUpgrade);
  });
}

function rejected(request: IncomingMessage, socket: Duplex, refusal: Refusal): Observable<GatewayEvent> {
  refuse(socket, refusal);
  const { status, reason, error } = refusal;
  return of({
    kind: 'rejected',
    status,
    reason,
    remoteAddress: addressOf(request),
    ...(error !== undefined && { error }),
  });
}

function addressOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? '';
}

function ignore(): void {
  // Nothing to do: the socket closes itself.
}
