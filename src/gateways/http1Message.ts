import { IncomingMessage } from 'node:http';

const asks = Symbol('asks for an upgrade');

/**
 * A request that is content with HTTP/1.1, although it would like to upgrade to HTTP/2. Some clients, Java's among them,
 * ask for that with their first request, and take a plain answer as well; but where there is a listener for any upgrade,
 * `node:http` takes each of them for one, and lets go of a socket over which there is more to read, or to answer.
 *
 * `createServer({ IncomingMessage: Http1Message }, …)` makes plain requests of them again. `httpServer$`, and the servers
 * that gateways open themselves, do so.
 */
export class Http1Message extends IncomingMessage {
  /** @internal */
  [asks]?: unknown;

  /** What the parser found. It is set before the headers are, and asked for when they are there. */
  get upgrade(): boolean {
    return this[asks] === true && (this.method === 'CONNECT' || !/^\s*h2c\b/i.test(this.headers.upgrade ?? ''));
  }

  /** Takes note of what the parser found. */
  set upgrade(found: unknown) {
    this[asks] = found;
  }
}
