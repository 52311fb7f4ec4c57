import type { IncomingMessage, ServerResponse } from 'node:http';

/** From which origins pages may read an answer: all of them, or those listed, such as `https://dashboard.example`. */
export type Origins = '*' | readonly string[];

/** How long a browser may remember the answer to a preflight, in seconds. */
const maxAge = 600;

/**
 * Lets pages of other origins read the answer to a request (CORS). Answers whether that was all: the request was a
 * preflight, and is answered. Without `origins` nothing is said, and a browser keeps the answer from pages of others.
 *
 * Cookies are never asked for; a page proves who it is with a header `Authorization`, or a token in the query.
 */
export function allowOrigin(request: IncomingMessage, response: ServerResponse, origins: Origins | undefined): boolean {
  if (origins === undefined) return false;
  const { origin } = request.headers;
  if (origins !== '*') response.setHeader('Vary', 'Origin');
  if (origins === '*') response.setHeader('Access-Control-Allow-Origin', '*');
  else if (origin !== undefined && origins.includes(origin)) {
    response.setHeader('Access-Control-Allow-Origin', origin);
  }
  if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
  response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD');
  response.setHeader('Access-Control-Allow-Headers', 'Authorization, Cache-Control, Last-Event-ID');
  response.setHeader('Access-Control-Max-Age', String(maxAge));
  response.writeHead(204);
  response.end();
  return true;
}
