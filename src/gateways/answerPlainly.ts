import { ServerResponse } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import { refuse } from './refusal.js';

/**
 * Lets a server answer a request as if it had not asked for an upgrade. Its listeners must be the only ones who do
 * something about the socket. A body is lost with the parser, so a request that has one is refused.
 *
 * It is for servers that were not made with `Http1Message`.
 */
export function answerPlainly(server: Server, request: IncomingMessage, socket: Socket): void {
  const { headers } = request;
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0) {
    refuse(socket, { status: 400, reason: 'a request that asks for an upgrade has no body here' });
    return;
  }
  const response = new ServerResponse(request);
  // The parser has let go of the socket: nothing more can be asked over it.
  response.shouldKeepAlive = false;
  response.assignSocket(socket);
  response.once('finish', () => socket.destroySoon());
  // Somebody must read on, or nobody notices that the client has left.
  socket.once('end', () => socket.destroy());
  socket.resume();
  server.emit('request', request, response);
}
