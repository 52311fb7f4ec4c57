/** A peer as the WireGuard interface has it. */
export interface InterfacePeer {
  /** In base64. */
  readonly publicKey: string;
  /** Where its packets go to now: what was set, or where its last packet came from. Undefined before there is any. */
  readonly endpoint: string | undefined;
  /** Milliseconds since the epoch; undefined if there was none yet. */
  readonly latestHandshake: number | undefined;
}

/**
 * Reads what `wg show INTERFACE dump` prints: a line for the interface, then one for each peer, with its fields between
 * tabs: public key, preshared key, endpoint, allowed IPs, latest handshake (seconds), bytes received, bytes sent,
 * keepalive.
 */
export const parseDump = (text: string): readonly InterfacePeer[] =>
  text
    .split('\n')
    .slice(1)
    .filter((line) => line !== '')
    .map((line) => {
      const [publicKey = '', , endpoint, , handshake] = line.split('\t');
      const seconds = Number(handshake);
      return {
        publicKey,
        endpoint: endpoint === '(none)' ? undefined : endpoint,
        latestHandshake: seconds > 0 ? seconds * 1000 : undefined,
      };
    });
