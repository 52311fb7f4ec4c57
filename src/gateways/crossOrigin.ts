import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long a browser may remember the answer to a preflight, in seconds. */
const maxAge = 600;

/**
 * Lets the page that sent this request read the answer, although it is of another origin (CORS). Answers whether that was
 * all: the request was a preflight, and is answered. A request that no page sent is left as it is.
 *
 * Cookies are never asked for; a page proves who it is with a header `Authorization`, or a token in the query.
 */
export function allowOrigin(request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  response.setHeader('Vary', 'Origin');
  if (origin === undefined) return false;
  response.setHeader('Access-Control-Allow-Origin', origin);
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Cache-Control, Last-Event-ID');
  response.setHeader('Access-Control-Max-Age', String(maxAge));
  response.writeHead(204);
  response.end();
  return true;
}
