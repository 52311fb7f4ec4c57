import type { IncomingMessage, ServerResponse } from 'node:http';
import { defer } from 'rxjs';
import type { ObservableInput } from 'rxjs';
import { pathOf } from './handshake.js';
import { onceClosed } from './onceClosed.js';
import { RouteTable } from './routeTable.js';
import type { PathParameters } from './routeTable.js';

/**
 * Answers a request. What takes longer is returned as a promise or an Observable: it is unsubscribed when the client
 * leaves, and if it fails, or if the route throws, the client gets a 500.
 */
export type HttpRoute = (
  request: IncomingMessage,
  response: ServerResponse,
  parameters: PathParameters,
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- most routes return nothing at all
) => void | ObservableInput<unknown>;

/**
 * Routes by their paths. A segment in braces stands for any text and is handed to the route as a parameter:
 * `/api/v2/peers/{id}/watch`. Several sets are composed with a spread: `{ ...healthRoutes(coordinator), '/metrics': metrics }`.
 */
export type HttpRoutes = Readonly<Record<string, HttpRoute>>;

/** Answers with a line of text. */
export function replyText(
  response: ServerResponse,
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  reply(response, status, 'text/plain; charset=utf-8', `${text}\n`, headers);
}

/** Answers with JSON. */
export function replyJson(response: ServerResponse, status: number, value: unknown): void {
  reply(response, status, 'application/json; charset=utf-8', `${JSON.stringify(value)}\n`);
}

/** A route for GET and HEAD; any other method gets a 405. */
export function getRoute(route: HttpRoute): HttpRoute {
  return (request, response, parameters) => {
    if (request.method === 'GET' || request.method === 'HEAD') return route(request, response, parameters);
    replyText(response, 405, 'only GET and HEAD are allowed here', { Allow: 'GET, HEAD' });
  };
}

/**
 * A listener for the event `request` of a `node:http` server. A path that no route has gets a 404 that names those
 * that are there.
 *
 * @param onError told about routes that failed. Default: nobody
 * @throws TypeError `a parameter is a whole segment of a path, such as {id}, and given once: …`
 */
export function serveRoutes(
  routes: HttpRoutes,
  onError: (error: unknown, request: IncomingMessage) => void = () => undefined,
): (request: IncomingMessage, response: ServerResponse) => void {
  const table = new RouteTable(routes);
  const paths = Object.keys(routes).join(', ');
  return (request, response) => {
    const found = table.find(pathOf(request));
    if (!found) {
      replyText(response, 404, `not found; there is ${paths || 'nothing here'}`);
      return;
    }
    const { route, parameters } = found;
    const answer = defer(() => route(request, response, parameters) ?? []).subscribe({
      error: (error: unknown) => {
        onError(error, request);
        if (response.headersSent) response.destroy();
        else replyText(response, 500, 'internal error');
      },
    });
    if (answer.closed) return;
    // Node.js tells a response only of the end of a socket that it has been given: one that must wait for another has none.
    const leave = (): void => {
      answer.unsubscribe();
    };
    const forget = onceClosed(request.socket, leave);
    response.once('close', () => {
      forget();
      leave();
    });
  };
}

/** Answers with a body of this type, which nobody keeps. */
export function reply(
  response: ServerResponse,
  status: number,
  type: string,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, {
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...headers,
  });
  response.end(body);
}
