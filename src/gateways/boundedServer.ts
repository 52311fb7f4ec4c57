import { IncomingMessage, Server } from 'node:http';
import type { RequestListener, ServerOptions, ServerResponse } from 'node:http';
import { Server as TlsServer } from 'node:https';
import type { ServerOptions as TlsServerOptions } from 'node:https';
import { Socket } from 'node:net';
import type { CertificateGuard } from './certificateGuard.js';
import { peerOf, UnfinishedSockets } from './unfinishedSockets.js';
import { Http1Message } from './http1Message.js';

/** What these servers can do besides. */
export interface Bounded {
  /**
   * Closes it. Sockets over which no whole request has come are destroyed at once: from now on Node.js would wait for
   * them for ever. So are those that have nothing to say any more; those over which something is being answered have so
   * many milliseconds. WebSockets are not its business.
   */
  stop(grace: number): void;
}

/**
 * A `node:http` server that bounds the sockets over which nothing but HTTP was spoken. It looks at its own events before
 * anybody else: with a listener for upgrades of its own it would have to answer those that nobody else does.
 */
export class BoundedServer extends Server implements Bounded {
  readonly #unfinished: UnfinishedSockets;

  constructor(maxUnfinished: number, options: ServerOptions, listener: RequestListener) {
    super({ ...options, IncomingMessage: Http1Message }, listener);
    this.#unfinished = new UnfinishedSockets(maxUnfinished);
  }

  stop(grace: number): void {
    stop(this, this.#unfinished, grace);
  }

  override emit(event: string, ...given: unknown[]): boolean {
    note(this.#unfinished, event, given);
    return super.emit(event, ...given);
  }
}

/** The same with TLS, where those are bounded, too, over which nothing was agreed on yet. */
export class BoundedTlsServer extends TlsServer implements Bounded {
  readonly #unfinished: UnfinishedSockets;
  readonly #guard: CertificateGuard | undefined;

  constructor(maxUnfinished: number, options: TlsServerOptions, listener: RequestListener, guard?: CertificateGuard) {
    super({ ...options, IncomingMessage: Http1Message }, listener);
    this.#unfinished = new UnfinishedSockets(maxUnfinished);
    this.#guard = guard;
  }

  stop(grace: number): void {
    stop(this, this.#unfinished, grace);
  }

  override emit(event: string, ...given: unknown[]): boolean {
    note(this.#unfinished, event, given);
    return this.#guard?.stops(event, given) === true || super.emit(event, ...given);
  }
}

function stop(server: Server | TlsServer, unfinished: UnfinishedSockets, grace: number): void {
  server.close();
  // Who has been answered has nothing more to ask here, and is told so.
  server.prependListener('request', (_request: IncomingMessage, response: ServerResponse) => {
    response.shouldKeepAlive = false;
  });
  server.keepAliveTimeout = 1;
  server.closeIdleConnections();
  unfinished.destroySilent();
  const timer = setTimeout(() => {
    server.closeAllConnections();
    unfinished.destroyAll();
  }, grace).unref();
  server.once('close', () => {
    clearTimeout(timer);
  });
}

function note(unfinished: UnfinishedSockets, event: string, [first]: readonly unknown[]): void {
  if (event === 'connection' && first instanceof Socket) unfinished.add(first);
  else if (event === 'request' && first instanceof IncomingMessage) unfinished.renewOver(first.socket);
  else if (event === 'upgrade' && first instanceof IncomingMessage) unfinished.remove(peerOf(first.socket));
}
