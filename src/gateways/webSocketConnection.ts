import type { Duplex } from 'node:stream';
import type { Observable } from 'rxjs';
import type { WebSocket } from 'ws';
import type { GatewayEvent } from './gatewayEvent.js';
import type { Identity } from './identity.js';
import { peerConnection } from './peerConnection.js';
import type { Surroundings } from './peerConnection.js';
import type { PingWheel } from './pingWheel.js';
import type { Subprotocol } from './subprotocols.js';
import { WebSocketWire } from './webSocketWire.js';

/** A WebSocket whose handshake has just ended. */
export interface OpenedWebSocket {
  readonly webSocket: WebSocket;
  /** What carries it. */
  readonly socket: Duplex;
  readonly identity: Identity;
  readonly subprotocol: Subprotocol;
  readonly remoteAddress: string;
}

/** {@link peerConnection} over a WebSocket, which the wheel asks for signs of life. */
export function webSocketConnection(
  surroundings: Surroundings & { readonly wheel: PingWheel },
  { webSocket, socket, identity, subprotocol, remoteAddress }: OpenedWebSocket,
): Observable<GatewayEvent> {
  const { wheel, limits } = surroundings;
  return peerConnection(surroundings, {
    identity,
    remoteAddress,
    protocol: subprotocol.name,
    codec: subprotocol,
    open: (listener, lifetime) => {
      const wire = new WebSocketWire(webSocket, socket, subprotocol, limits.highWaterMark, listener);
      lifetime.add(wheel.watch(wire));
      return wire;
    },
  });
}
