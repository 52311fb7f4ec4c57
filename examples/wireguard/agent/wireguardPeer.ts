import type { Node } from 'tailnet-coordinator/proto';
import { isEndpoint } from './endpoint.js';
import { meshAddress } from './meshAddress.js';
import { fromNodeKey } from './wireguardKeys.js';

/** A peer as WireGuard is to have it. */
export interface WireGuardPeer {
  /** In base64. */
  readonly publicKey: string;
  /** `address:port`; undefined where the peer gives none: then only the peer can begin. */
  readonly endpoint: string | undefined;
  /** What is routed to the peer, and may come from it. */
  readonly allowedIps: readonly string[];
}

/**
 * What a peer's node comes to; undefined if it has no key that is one.
 *
 * What is routed to the peer does not come from the node: it is the address that belongs to its UUID. A coordinator
 * that knows its peers checks what they claim, but who takes whatever a node says gives the packets of one peer to the
 * other that claims its address.
 */
export const wireguardPeer = (id: string, node: Node): WireGuardPeer | undefined => {
  const publicKey = fromNodeKey(node.key);
  if (publicKey === undefined) return undefined;
  // This agent does not try which endpoint works best: it takes the first that can be one.
  return { publicKey, endpoint: node.endpoints.find(isEndpoint), allowedIps: [`${meshAddress(id)}/128`] };
};

/** Whether two settings are the same. */
export const sameSettings = (one: WireGuardPeer, other: WireGuardPeer): boolean =>
  one.publicKey === other.publicKey &&
  one.endpoint === other.endpoint &&
  one.allowedIps.join() === other.allowedIps.join();
