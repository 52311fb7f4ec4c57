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
  limits: Pick<WebSocketLimits, 'maxMessageSize' | 'maxFrames' | 'maxPendingPongs' | 'closeTimeout'>,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => Acceptance {
  const options = {
    noServer: true,
    clientTracking: false,
    // A compressor for each connection would cost more memory than all else together.
    perMessageDeflate: false,
    maxPayload: limits.maxMessageSize,
    maxFragments: limits.maxFrames,
    maxBufferedChunks: maxReads(limits.maxMessageSize),
    maxPendingAutoPongs: limits.maxPendingPongs,
    closeTimeout: limits.closeTimeout,
    handleProtocols: (offered: Set<string>) => chooseSubprotocol([...offered].join()).name,
  };
  const server = new WebSocketServer(options);
  let acceptance: Acceptance = {};
  server.on('wsClientError', (error: Error) => {
    acceptance = { refusal: { status: 400, reason: error.message } };
  });
  return (request, socket, head) => {
    acceptance = {};
    // Without `verifyClient` all of this happens at once.
    server.handleUpgrade(request, socket, head, (webSocket) => {
      acceptance = { webSocket };
    });
    return acceptance;
  };
}
