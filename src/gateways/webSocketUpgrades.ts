import type { IncomingMessage, Server } from 'node:http';
import { asyncScheduler, defer, EMPTY, fromEvent, map, merge, mergeMap, Observable, of, takeUntil, tap } from 'rxjs';
import type { Coordinator } from '../api.js';
import { createAcceptor } from './acceptWebSocket.js';
import { admission, rejection } from './admission.js';
import type { Newcomer } from './admission.js';
import { Attendance } from './attendance.js';
import type { Dialect } from './dialect.js';
import type { GatewayEvent } from './gatewayEvent.js';
import { checkHandshake, pathOf } from './handshake.js';
import type { Identity } from './identity.js';
import { identityFromQuery } from './identityFromQuery.js';
import type { OriginPolicy } from './originPolicy.js';
import { mergeCrowd } from './mergeCrowd.js';
import { PingWheel } from './pingWheel.js';
import { Places } from './places.js';
import { refuse } from './refusal.js';
import type { Refusal } from './refusal.js';
import type { RemoteAddress } from './remoteAddress.js';
import { SendingTurns } from './sendingTurns.js';
import { serverUrl$ } from './serverUrl.js';
import { UpgradeDesk } from './upgradeDesk.js';
import type { Upgrade } from './upgradeDesk.js';
import type { WebSocketGatewayOptions, WebSocketLimits } from './webSocketOptions.js';
import { wrongOrigin } from './wrongOrigin.js';

/** {@link WebSocketGatewayOptions} with nothing left open that matters here. */
export type UpgradeOptions = Pick<WebSocketGatewayOptions, 'identify' | 'scheduler'> & {
  readonly mayComeFrom: OriginPolicy;
  readonly addressOf: RemoteAddress;
  /** Of the event `listening`. */
  readonly path: string;
  /** How peers speak, by the path that they connect to. */
  readonly dialects: ReadonlyMap<string, Dialect>;
  readonly drain$: Observable<unknown>;
  readonly limits: WebSocketLimits;
};

/** Somebody who wants a WebSocket, before anything is known of them but where they are. */
type Stranger = Pick<Newcomer<IncomingMessage>, 'remoteAddress' | 'refuse'>;

/** The gateway, as far as it does not matter whose the server is: upgrade requests in, events out. */
export function webSocketUpgrades(
  coordinator: Pick<Coordinator, 'coordinate$'>,
  server: Server,
  options: UpgradeOptions,
): Observable<GatewayEvent> {
  const { path, dialects, mayComeFrom, addressOf, identify = identityFromQuery, scheduler = asyncScheduler } = options;
  const { drain$, limits } = options;
  return defer(() => {
    const { handshakeTimeout } = limits;
    const attendance = new Attendance(limits.maxConnections);
    const places = new Places(limits.maxHandshakes, scheduler);
    const entrance = { attendance, identify, places, handshakeTimeout, scheduler };
    const accept = createAcceptor(limits);
    const wheel = new PingWheel(limits.pingPeriod, scheduler);
    const surroundings = { coordinator, limits, scheduler, wheel, turns: new SendingTurns(scheduler) };

    const obstacleTo = (request: IncomingMessage, dialect: Dialect): Refusal | undefined => {
      if (!mayComeFrom(request.headers)) return wrongOrigin(request.headers);
      return attendance.obstacle ?? checkHandshake(request, dialect);
    };

    /** Lets in who can be turned away no more but by the WebSocket itself. */
    const connect = (
      { request, socket, head }: Upgrade,
      dialect: Dialect,
      stranger: Stranger,
      identity: Identity,
    ): Observable<GatewayEvent> => {
      dialect.checkIdentity(identity);
      const { webSocket, refusal } = accept(request, socket, head);
      if (refusal) return rejection(stranger, refusal);
      if (!webSocket) return EMPTY;
      const { remoteAddress } = stranger;
      const upgraded = { request, webSocket, socket, identity, remoteAddress };
      return attendance.counted(dialect.connection(surroundings, upgraded));
    };

    /** Emits what comes of an upgrade request. */
    const admitted = (upgrade: Upgrade): Observable<Observable<GatewayEvent>> => {
      const { request, socket } = upgrade;
      // Until the WebSocket takes care of it. "close" follows.
      socket.on('error', ignore);
      const stranger: Stranger = {
        remoteAddress: addressOf(request),
        refuse: (refusal) => {
          refuse(socket, refusal);
        },
      };
      const dialect = dialects.get(pathOf(request));
      if (!dialect) return of(rejection(stranger, notFound(dialects)));
      const obstacle = obstacleTo(request, dialect);
      if (obstacle) return of(rejection(stranger, obstacle));
      const newcomer: Newcomer<IncomingMessage> = {
        ...stranger,
        request,
        gone$: fromEvent(socket, 'close'),
        connect: (identity) => connect(upgrade, dialect, stranger, identity),
      };
      return admission(newcomer, entrance);
    };

    let wasDrained = false;
    const drained$ = attendance.drained$(drain$).pipe(
      tap(() => {
        wasDrained = true;
      }),
    );
    return merge(
      serverUrl$(server, 'ws', path).pipe(map((url): GatewayEvent => ({ kind: 'listening', url }))),
      upgrade$(server, dialects, () => wasDrained).pipe(mergeMap(admitted), mergeCrowd()),
    ).pipe(takeUntil(drained$));
  });
}

/** The upgrades that are for this gateway to answer. */
function upgrade$(
  server: Server,
  dialects: ReadonlyMap<string, Dialect>,
  wasDrained: () => boolean,
): Observable<Upgrade> {
  return new Observable<Upgrade>((subscriber) => {
    const take = (upgrade: Upgrade): void => {
      subscriber.next(upgrade);
    };
    const leave = UpgradeDesk.of(server).register({ paths: [...dialects.keys()], take });
    return () => {
      leave(wasDrained());
    };
  });
}

function notFound(dialects: ReadonlyMap<string, Dialect>): Refusal {
  return { status: 404, reason: `not found; WebSockets are served at ${[...dialects.keys()].join(' and ')}` };
}

function ignore(): void {
  // Nothing to do: the socket closes itself.
}
