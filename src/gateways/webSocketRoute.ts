import type { Dialect } from './dialect.js';
import { upgradeRequired } from './handshake.js';
import { replyText } from './httpRoutes.js';
import type { HttpRoute } from './httpRoutes.js';
import { v1Dialect } from './legacy/v1Dialect.js';
import { defaultV1WireLimits } from './legacy/v1WireLimits.js';
import { v2Dialect } from './v2Dialect.js';

/** For requests to a WebSocket's path that are not upgrades: 426, and how to do it right. */
export const webSocketRoute: HttpRoute = routeOf(v2Dialect);

/** The same for the path where V1 is spoken. */
export const v1WebSocketRoute: HttpRoute = routeOf(v1Dialect(defaultV1WireLimits));

function routeOf(dialect: Dialect): HttpRoute {
  return (_request, response) => {
    const { status, reason, headers } = upgradeRequired(dialect);
    replyText(response, status, reason, headers);
  };
}
