import { createHash } from 'node:crypto';
import { Node } from 'tailnet-coordinator/proto';
import { meshAddress } from './meshAddress.js';
import { toNodeKey } from './wireguardKeys.js';

/** What the agent says about its machine. */
export interface AgentSelf {
  /** The agent's UUID. */
  readonly id: string;
  /** In base64. */
  readonly publicKey: string;
  /** For path discovery, which this agent has not; the same for as long as it runs. 32 bytes in base64. */
  readonly discoKey: string;
  /**
   * The home relay region. This agent uses no relay, but who says 0 has not chosen one yet and counts as unfinished.
   */
  readonly derp: number;
  /** Where WireGuard can be reached: `address:port`. */
  readonly endpoints: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The node that the agent publishes. */
export const agentNode = ({ id, publicKey, discoKey, derp, endpoints, now }: AgentSelf): Node => {
  const address = `${meshAddress(id)}/128`;
  return Node.fromPartial({
    // Any number that differs between the WireGuard engines of one peer: another key is another engine.
    id: BigInt(`0x${createHash('sha256').update(publicKey).digest('hex').slice(0, 12)}`),
    asOf: { seconds: BigInt(Math.floor(now / 1000)), nanos: 0 },
    key: toNodeKey(publicKey),
    disco: `discokey:${Buffer.from(discoKey, 'base64').toString('hex')}`,
    preferredDerp: derp,
    addresses: [address],
    allowedIps: [address],
    endpoints: [...endpoints],
  });
};
