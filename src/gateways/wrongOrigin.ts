import type { IncomingHttpHeaders } from 'node:http';
import { quote } from './quote.js';
import type { Refusal } from './refusal.js';

/** What a page gets whose origin is not allowed. */
export function wrongOrigin(headers: IncomingHttpHeaders): Refusal {
  const origin = quote(String(headers.origin ?? headers['sec-websocket-origin']));
  return {
    status: 403,
    reason: `pages of the origin ${origin} may not connect: it is not in the list of allowed origins`,
  };
}

/** What somebody gets who asks by a name that anybody may have made to point here. */
export function wrongHost({ host = '' }: IncomingHttpHeaders): Refusal {
  return {
    status: 403,
    reason: `ask by an address or as localhost, or allow the origin of this name: ${quote(host)}`,
  };
}
