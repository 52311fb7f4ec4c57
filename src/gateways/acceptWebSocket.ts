import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import type { WebSocket } from 'ws';
import type { Refusal } from './refusal.js';
import { chooseSubprotocol } from './subprotocols.js';
import type { WebSocketLimits } from './webSocketOptions.js';

/** Reads in which one message may arrive: enough for the largest in the smallest packets, too few to hurt. */
const maxReads = 16 * 1024;

/**
 * Frames in which one message may arrive. While it is not complete, each frame holds on to all that was read with it, up
 * to 64 KiB that may be full of pongs: so these are few.
 */
const maxFrames = 1024;

/** Pongs that may wait to be sent. Who asks for more without reading them is cut off. */
const maxPendingPongs = 60;

/** A WebSocket, or why the request cannot become one; neither if the client has left. */
export interface Acceptance {
  readonly webSocket?: WebSocket;
  readonly refusal?: Refusal;
}

/** Does the WebSocket handshake. The subprotocols that the client offers were checked before. */
export function createAcceptor(
  limits: Pick<WebSocketLimits, 'maxMessageSize' | 'closeTimeout'>,
): (request: IncomingMessage, socket: Duplex, head: Buffer) => Acceptance {
  const options = {
    noServer: true,
    clientTracking: false,
    // A compressor for each connection would cost more memory than all else together.
    perMessageDeflate: false,
    maxPayload: limits.maxMessageSize,
    maxFragments: maxFrames,
    maxBufferedChunks: maxReads,
    maxPendingAutoPongs: maxPendingPongs,
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
