import type { IncomingMessage } from 'node:http';
import type { Refusal } from './refusal.js';
import { chooseSubprotocol, subprotocolNames } from './subprotocols.js';

/** The path of a request, without its query. */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** What somebody gets who asks for a WebSocket's path in any other way than by upgrading. */
export const upgradeRequired: Refusal = {
  status: 426,
  reason: `this path takes WebSockets: GET with "Upgrade: websocket", subprotocol ${subprotocolNames.join(' or ')}`,
  headers: { Upgrade: 'websocket', Connection: 'Upgrade, close' },
};

/** Why an upgrade request cannot become a connection, whoever it comes from; nothing if it can. */
export function checkHandshake(request: Pick<IncomingMessage, 'method' | 'headers'>): Refusal | undefined {
  const { method, headers } = request;
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return upgradeRequired;
  // What follows the request is taken for WebSocket frames: a body would be, too.
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    return { status: 400, reason: 'a WebSocket handshake has no body' };
  }
  try {
    chooseSubprotocol(headers['sec-websocket-protocol']);
  } catch (error) {
    return { status: 400, reason: error instanceof Error ? error.message : String(error) };
  }
  return undefined;
}
