import { EMPTY, defer, of } from 'rxjs';
import type { InterfacePeer } from '../../examples/wireguard/agent/interfacePeer.js';
import type { WireGuardChange } from '../../examples/wireguard/agent/planPeers.js';
import type { WireGuardInterface } from '../../examples/wireguard/agent/wireguardInterface.js';

/** An interface without WireGuard, whose handshakes are in the hands of the test. */
export interface FakeInterface extends WireGuardInterface {
  /** All changes so far. */
  readonly made: readonly WireGuardChange[];
  /** All of its peers have a handshake now: milliseconds since the epoch. */
  handshake(now: number): void;
}

export const fakeInterface = (): FakeInterface => {
  const peers = new Map<string, InterfacePeer>();
  const made: WireGuardChange[] = [];
  const makeOne = (change: WireGuardChange): void => {
    made.push(change);
    if (change.kind === 'remove') {
      peers.delete(change.publicKey);
      return;
    }
    const { publicKey, endpoint } = change.peer;
    const before = peers.get(publicKey);
    peers.set(publicKey, {
      publicKey,
      endpoint: endpoint ?? before?.endpoint,
      latestHandshake: before?.latestHandshake,
    });
  };
  return {
    made,
    handshake: (now) => {
      for (const peer of peers.values()) peers.set(peer.publicKey, { ...peer, latestHandshake: now });
    },
    peers$: defer(() => of([...peers.values()])),
    change: (changes) =>
      defer(() => {
        changes.forEach(makeOne);
        return EMPTY;
      }),
  };
};
