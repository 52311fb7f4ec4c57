import type { IncomingMessage } from 'node:http';
import type { Dialect } from './dialect.js';
import type { Refusal } from './refusal.js';

/** The path of a request, without its query. */
export function pathOf({ url = '' }: Pick<IncomingMessage, 'url'>): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** What somebody gets who asks for a WebSocket's path in any other way than by upgrading. */
export function upgradeRequired({ usage }: Pick<Dialect, 'usage'>): Refusal {
  return {
    status: 426,
    reason: `this path takes WebSockets: GET with "Upgrade: websocket", ${usage}`,
    headers: { Upgrade: 'websocket', Connection: 'Upgrade, close' },
  };
}

/** Why an upgrade request cannot become a connection, whoever it comes from; nothing if it can. */
export function checkHandshake(
  { method, headers }: Pick<IncomingMessage, 'method' | 'headers'>,
  dialect: Dialect,
): Refusal | undefined {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket') return upgradeRequired(dialect);
  // What follows the request is taken for WebSocket frames: a body would be, too.
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    return { status: 400, reason: 'a WebSocket handshake has no body' };
  }
  const problem = dialect.problemWith(headers['sec-websocket-protocol']);
  return problem === undefined ? undefined : { status: 400, reason: problem };
}
