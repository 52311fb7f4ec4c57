import { ServerResponse } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Lets a server answer a request as if it had not asked for an upgrade; false if nobody listens for requests.
 *
 * Some clients, Java's among them, ask for HTTP/2 with every request, and are content with a plain answer. `node:http`
 * has taken each of them for an upgrade since there is a listener for any.
 */
export function answerPlainly(server: Server, request: IncomingMessage, socket: Duplex): boolean {
  if (server.listenerCount('request') === 0 || !(socket instanceof Socket)) return false;
  // Nobody else listens any more. "close" follows, which the response passes on.
  socket.on('error', () => undefined);
  const response = new ServerResponse(request);
  // The parser has let go of the socket: nothing more can be asked over it.
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  return server.emit('request', request, response);
}
