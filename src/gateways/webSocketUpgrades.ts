import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  asyncScheduler,
  defer,
  EMPTY,
  fromEvent,
  map,
  merge,
  mergeAll,
  mergeMap,
  Observable,
  of,
  takeUntil,
} from 'rxjs';
import type { Coordinator } from '../coordinator.js';
import { createAcceptor } from './acceptWebSocket.js';
import { admission, rejection } from './admission.js';
import type { Newcomer } from './admission.js';
import { answerPlainly } from './answerPlainly.js';
import { Attendance } from './attendance.js';
import type { GatewayEvent } from './gatewayEvent.js';
import { checkHandshake, pathOf } from './handshake.js';
import { identityFromQuery } from './identityFromQuery.js';
import type { OriginPolicy } from './originPolicy.js';
import { PingWheel } from './pingWheel.js';
import { Places } from './places.js';
import { refuse } from './refusal.js';
import type { Refusal } from './refusal.js';
import type { RemoteAddress } from './remoteAddress.js';
import { SendingTurns } from './sendingTurns.js';
import { serverUrl$ } from './serverUrl.js';
import { chooseSubprotocol } from './subprotocols.js';
import { webSocketConnection } from './webSocketConnection.js';
import type { WebSocketGatewayOptions, WebSocketLimits } from './webSocketOptions.js';
import { wrongOrigin } from './wrongOrigin.js';

/** {@link WebSocketGatewayOptions} with nothing left open that matters here. */
export type UpgradeOptions = Pick<WebSocketGatewayOptions, 'identify' | 'scheduler'> & {
  readonly mayComeFrom: OriginPolicy;
  readonly addressOf: RemoteAddress;
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
  options: UpgradeOptions,
): Observable<GatewayEvent> {
  const { path, mayComeFrom, addressOf, identify = identityFromQuery, scheduler = asyncScheduler } = options;
  const { drain$, limits } = options;
  return defer(() => {
    const { handshakeTimeout } = limits;
    const attendance = new Attendance(limits.maxConnections);
    const places = new Places(limits.maxHandshakes, scheduler);
    const entrance = { attendance, identify, places, handshakeTimeout, scheduler };
    const accept = createAcceptor(limits);
    const wheel = new PingWheel(limits.pingPeriod, scheduler);
    const surroundings = { coordinator, limits, scheduler, wheel, turns: new SendingTurns(scheduler) };

    const obstacleTo = (request: IncomingMessage): Refusal | undefined => {
      if (pathOf(request) !== path) return { status: 404, reason: `not found; WebSockets are served at ${path}` };
      if (!mayComeFrom(request.headers)) return wrongOrigin(request.headers);
      return attendance.obstacle ?? checkHandshake(request);
    };

    const newcomer = ({ request, socket, head }: Upgrade): Newcomer<IncomingMessage> => {
      const remoteAddress = addressOf(request);
      const refuseThis = (refusal: Refusal): void => {
        refuse(socket, refusal);
      };
      return {
        request,
        remoteAddress,
        gone$: fromEvent(socket, 'close'),
        refuse: refuseThis,
        connect: (identity) => {
          const subprotocol = chooseSubprotocol(request.headers['sec-websocket-protocol']);
          const { webSocket, refusal } = accept(request, socket, head);
          if (refusal) return rejection({ remoteAddress, refuse: refuseThis }, refusal);
          if (!webSocket) return EMPTY;
          const opened = { webSocket, socket, identity, subprotocol, remoteAddress };
          return attendance.counted(webSocketConnection(surroundings, opened));
        },
      };
    };

    /** Emits what comes of an upgrade request. */
    const admitted = (upgrade: Upgrade): Observable<Observable<GatewayEvent>> => {
      // Until the WebSocket takes care of it. "close" follows.
      upgrade.socket.on('error', ignore);
      const obstacle = obstacleTo(upgrade.request);
      return obstacle ? of(rejection(newcomer(upgrade), obstacle)) : admission(newcomer(upgrade), entrance);
    };

    return merge(
      serverUrl$(server, 'ws', path).pipe(map((url): GatewayEvent => ({ kind: 'listening', url }))),
      upgrade$(server, path).pipe(mergeMap(admitted), mergeAll()),
    ).pipe(takeUntil(attendance.drained$(drain$)));
  });
}

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

function ignore(): void {
  // Nothing to do: the socket closes itself.
}
