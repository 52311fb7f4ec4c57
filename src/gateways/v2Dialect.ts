import type { Dialect } from './dialect.js';
import { chooseSubprotocol, subprotocolNames } from './subprotocols.js';
import { webSocketConnection } from './webSocketConnection.js';

/** Messages of `tailnet.proto`, one in each WebSocket message, as the subprotocol says. */
export const v2Dialect: Dialect = {
  usage: `subprotocol ${subprotocolNames.join(' or ')}`,
  problemWith: (subprotocols) => {
    try {
      chooseSubprotocol(subprotocols);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  },
  checkIdentity: () => undefined,
  connection: (surroundings, { request, ...opened }) => {
    const subprotocol = chooseSubprotocol(request.headers['sec-websocket-protocol']);
    return webSocketConnection(surroundings, { ...opened, subprotocol });
  },
};
