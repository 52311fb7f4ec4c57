import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Refusal } from './refusal.js';
import { chooseSubprotocol } from './subprotocols.js';
import type { WebSocketLimits } from './webSocketOptions.js';

/** Reads in which one message may arrive: enough for the largest in the smallest packets, too few to hurt. */
function maxReads(maxMessageSize: number): number {
  return Math.max(16 * 1024, Math.ceil(maxMessageSize / 64));
}

/** A WebSocket, or why the request cannot become one; neither if the client has left. */
export interface Acceptance {
  readonly webSocket?: WebSocket;
  readonly refusal?: Refusal;
}

/** Does the WebSocket handshake. The subprotocols that the client offers were checked before. */
export function createAcceptor(
  limits: Pick<
    WebSocketLimits,
    'maxMessageSize' | 'maxJsonMessageSize' | 'maxFrames' | 'maxPendingPongs' | 'closeTimeout'
  >,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => Acceptance {
  const options = {
    noServer: true,
    clientTracking: false,
    // A compressor for each connection would cost more memory than all else together.
    perMessageDeflate: false,
    maxFragments: limits.maxFrames,
    maxPendingAutoPongs: limits.maxPendingPongs,
    closeTimeout: limits.closeTimeout,
    handleProtocols: (offered: Set<string>) => chooseSubprotocol([...offered].join()).name,
  };
  let acceptance: Acceptance = {};
  const serverFor = (maxPayload: number): WebSocketServer =>
    new WebSocketServer({ ...options, maxPayload, maxBufferedChunks: maxReads(maxPayload) }).on(
      'wsClientError',
      (error: Error) => {
        acceptance = { refusal: { status: 400, reason: error.message } };
      },
    );
  const servers = { binary: serverFor(limits.maxMessageSize), text: serverFor(limits.maxJsonMessageSize) };
  return (request, socket, head) => {
    acceptance = {};
    const { binary } = chooseSubprotocol(request.headers['sec-websocket-protocol']);
    const server = binary ? servers.binary : servers.text;
    // Without `verifyClient` all of this happens at once.
    server.handleUpgrade(request, socket, head, (webSocket) => {
      acceptance = { webSocket };
    });
    return acceptance;
  };
}
