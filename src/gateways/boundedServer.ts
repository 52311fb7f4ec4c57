import { IncomingMessage, Server } from 'node:http';
import type { RequestListener, ServerOptions } from 'node:http';
import { Socket } from 'node:net';
import { UnfinishedSockets } from './unfinishedSockets.js';

/**
 * A `node:http` server that bounds the sockets over which nothing but HTTP was spoken. It looks at its own events before
 * anybody else: with a listener for upgrades of its own it would have to answer those that nobody else does.
 */
export class BoundedServer extends Server {
  readonly #unfinished: UnfinishedSockets;

  constructor(maxUnfinished: number, options: ServerOptions, listener: RequestListener) {
    super(options, listener);
    this.#unfinished = new UnfinishedSockets(maxUnfinished);
  }

  override emit(event: string, ...given: unknown[]): boolean {
    const [first] = given;
    if (event === 'connection' && first instanceof Socket) this.#unfinished.add(first);
    else if (event === 'request' && first instanceof IncomingMessage) this.#unfinished.renew(first.socket);
    else if (event === 'upgrade' && first instanceof IncomingMessage) this.#unfinished.remove(first.socket);
    return super.emit(event, ...given);
  }
}
