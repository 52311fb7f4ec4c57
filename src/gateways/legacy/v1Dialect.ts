import type { Dialect } from '../dialect.js';
import { quote } from '../quote.js';
import { WebSocketWire } from '../webSocketWire.js';
import { v1Protocol } from './v1Codec.js';
import { checkV1Identity, v1Connection } from './v1Connection.js';
import type { V1WireLimits } from './v1WireLimits.js';

/** V1, whose bytes are in binary frames, cut anywhere. */
export function v1Dialect(wireLimits: V1WireLimits): Dialect {
  return {
    usage: 'binary frames that carry the stream of V1, no subprotocol',
    problemWith: (subprotocols) =>
      subprotocols === undefined
        ? undefined
        : `V1 has no WebSocket subprotocols: offer none, got ${quote(subprotocols)}`,
    checkIdentity: checkV1Identity,
    connection: (surroundings, { webSocket, socket, identity, remoteAddress }) => {
      const { wheel, limits } = surroundings;
      return v1Connection(surroundings, {
        identity,
        remoteAddress,
        wireLimits,
        open: (listener, lifetime) => {
          const protocol = { name: v1Protocol, binary: true };
          const wire = new WebSocketWire(webSocket, socket, protocol, limits.highWaterMark, listener);
          lifetime.add(wheel.watch(wire));
          return wire;
        },
      });
    },
  };
}
