import type { Observable, Subscription } from 'rxjs';
import type { GatewayEvent } from '../gatewayEvent.js';
import type { Identity } from '../identity.js';
import { peerConnection } from '../peerConnection.js';
import type { Surroundings } from '../peerConnection.js';
import type { WireListener } from '../wire.js';
import type { ByteWire } from './byteWire.js';
import { v1Codec, v1Protocol } from './v1Codec.js';
import { V1Wire } from './v1Wire.js';
import type { V1WireLimits } from './v1WireLimits.js';
import { withTunnelTo } from './withTunnelTo.js';

/** A peer that speaks V1, and was let in. */
export interface V1Peer {
  readonly identity: Identity;
  readonly remoteAddress: string;
  readonly wireLimits: V1WireLimits;
  /** Begins to listen to the bytes. What is to end with the connection is added to `lifetime`. */
  readonly open: (listener: WireListener, lifetime: Subscription) => ByteWire;
}

/** @throws TypeError `V1 needs the agentId of a client` */
export function checkV1Identity({ role, agentId }: Identity): void {
  if (role === 'client' && agentId === undefined) throw new TypeError('V1 needs the agentId of a client');
}

/** {@link peerConnection} in V1: the nodes of the peer are its requests, and a client is given the tunnel to its agent. */
export function v1Connection(
  surroundings: Surroundings,
  { identity, remoteAddress, wireLimits, open }: V1Peer,
): Observable<GatewayEvent> {
  const { coordinator, scheduler } = surroundings;
  const { role, agentId } = identity;
  const isClient = role === 'client' && agentId !== undefined;
  return peerConnection(
    { ...surroundings, coordinator: isClient ? withTunnelTo(coordinator, agentId) : coordinator },
    {
      identity,
      remoteAddress,
      protocol: v1Protocol,
      codec: v1Codec(),
      open: (listener, lifetime) => {
        const openBytes = (above: WireListener): ByteWire => open(above, lifetime);
        return new V1Wire(openBytes, wireLimits, scheduler, listener);
      },
    },
  );
}
