import type { IncomingHttpHeaders } from 'node:http';
import { quote } from './quote.js';
import type { Refusal } from './refusal.js';

/** What a page gets whose origin is not allowed. */
export function wrongOrigin(headers: IncomingHttpHeaders): Refusal {
  const origin = quote(String(headers.origin ?? headers['sec-websocket-origin'] ?? `http://${headers.host ?? ''}`));
  return {
    status: 403,
    reason: `pages of the origin ${origin} may not connect: it is not in the list of allowed origins`,
  };
}
