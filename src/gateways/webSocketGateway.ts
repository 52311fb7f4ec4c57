import type { Server } from 'node:http';
import { defer, merge, NEVER, Subject, switchMap, tap } from 'rxjs';
import type { Observable } from 'rxjs';
import type { Coordinator } from '../api.js';
import type { GatewayEvent } from './gatewayEvent.js';
import { mergeLimits } from './gatewayLimits.js';
import { httpServer$ } from './httpServer.js';
import { v1Dialect } from './legacy/v1Dialect.js';
import { defaultV1WireLimits } from './legacy/v1WireLimits.js';
import { checkPath } from './checkPath.js';
import { originPolicy } from './originPolicy.js';
import { remoteAddress } from './remoteAddress.js';
import { v2Dialect } from './v2Dialect.js';
import { completeLimits } from './webSocketOptions.js';
import type { WebSocketGatewayOptions } from './webSocketOptions.js';
import { v1WebSocketRoute, webSocketRoute } from './webSocketRoute.js';
import { webSocketUpgrades } from './webSocketUpgrades.js';

/** The path where peers connect, unless another is given. */
export const coordinatePath = '/api/v2/coordinate';

/** The path where peers connect that speak V1, unless another is given. */
export const v1CoordinatePath = '/api/v1/coordinate';

/**
 * Serves a coordinator's peers over WebSockets: `GET /api/v2/coordinate` upgrades, each message is one request or one
 * response. Subscribing serves; unsubscribing refuses new connections, tells every peer `coordinator closed`, closes
 * with 1001 and destroys what is still there after `closeTimeout`.
 *
 * Subprotocols: `tailnet.v2.proto` (default), one binary frame per protobuf message; `tailnet.v2.json`, one text frame
 * per message in proto3 JSON. Close codes are listed in `closeCodes`. A last response with an `error` says more,
 * unless the peer said goodbye (1000) or its frame was no good in itself (1002, 1009, 1007 for text that is not UTF-8).
 *
 * With `v1`, peers that speak V1 connect to a path of their own, `/api/v1/coordinate`: the same in everything but what is
 * said over the WebSocket (`serveAgentV1` and `serveClientV1` say what that is).
 *
 * To stop without disconnecting anybody needlessly: let `drain$` emit, then close the coordinator, which ends all
 * connections by itself; the gateway completes when the last one is gone.
 *
 * ```ts
 * const events = webSocketGateway(coordinator, { port: 7350, drain$ }).subscribe((event) => logger.info(event));
 * ```
 *
 * Errors only when it cannot listen on a port of its own. Whatever goes wrong with one connection is an event, and
 * touches no other.
 *
 * @throws RangeError at once when a limit is not a number above 0; TypeError `not an origin: …`, `not an address or range: …`,
 *   `V1 needs a path of its own, got …`, `path: must begin with "/", got "coordinate"` (or `v1.path: …`)
 */
export function webSocketGateway(
  coordinator: Pick<Coordinator, 'coordinate$'>,
  options: WebSocketGatewayOptions,
): Observable<GatewayEvent> {
  const limits = completeLimits(options.limits);
  const { path = coordinatePath, drain$ = NEVER, origins = [], trustedProxies = [] } = options;
  checkPath('path', path);
  const mayComeFrom = originPolicy(origins);
  const addressOf = remoteAddress(trustedProxies);
  const dialects = new Map([[path, v2Dialect]]);
  const routes = { [path]: webSocketRoute };
  if (options.v1) {
    const { path: v1Path = v1CoordinatePath, ...given } = options.v1;
    checkPath('v1.path', v1Path);
    if (v1Path === path) throw new TypeError(`V1 needs a path of its own, got ${v1Path}`);
    dialects.set(v1Path, v1Dialect(mergeLimits(defaultV1WireLimits, given)));
    routes[v1Path] = v1WebSocketRoute;
  }
  const attachedTo = (server: Server): Observable<GatewayEvent> =>
    webSocketUpgrades(coordinator, server, { ...options, path, dialects, mayComeFrom, addressOf, drain$, limits });
  if (options.server) return attachedTo(options.server);
  const { host, port, tls } = options;
  return defer(() => {
    const rejected$ = new Subject<GatewayEvent>();
    const served$ = httpServer$({
      port,
      ...(host !== undefined && { host }),
      ...(tls !== undefined && { tls }),
      handshakeTimeout: limits.handshakeTimeout,
      maxUnfinished: limits.maxUnfinished,
      routes,
      drain$,
      onRejected: (event) => {
        rejected$.next(event);
      },
    }).pipe(
      switchMap(({ server }) => attachedTo(server)),
      tap({
        complete: () => {
          rejected$.complete();
        },
      }),
    );
    return merge(rejected$, served$);
  });
}
