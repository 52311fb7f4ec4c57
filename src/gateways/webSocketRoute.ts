import { upgradeRequired } from './handshake.js';
import { replyText } from './httpRoutes.js';
import type { HttpRoute } from './httpRoutes.js';

/** For requests to a WebSocket's path that are not upgrades: 426, and how to do it right. */
export const webSocketRoute: HttpRoute = (_request, response) => {
  const { status, reason, headers } = upgradeRequired;
  replyText(response, status, reason, headers);
};
