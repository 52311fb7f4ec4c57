import { randomBytes } from 'node:crypto';
import { type CoordinateRequest, requests } from 'tailnet-coordinator';

/** The ids of a run: a random prefix, and the number of the peer in the last four bytes. */
export interface Ids {
  readonly uuidOf: (peer: number) => string;
  readonly numberOf: (id: Uint8Array) => number;
}

export const createIds = (): Ids => {
  const prefix = randomBytes(12).toString('hex');
  return {
    uuidOf: (peer) => {
      const hex = prefix + peer.toString(16).padStart(8, '0');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
    },
    numberOf: (id) => new DataView(id.buffer, id.byteOffset).getUint32(12),
  };
};

const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
const address = (): string => `fd7a:115c:a1e0:${hex(2)}:${hex(2)}:${hex(2)}:${hex(2)}:${hex(2)}/128`;
const ipv4 = (): string => [...randomBytes(4)].join('.');

/** What does not change from version to version of a peer's node, drawn once for all: it must not cost the driver time. */
const addresses = [address(), address()];
const constant = {
  key: randomBytes(32),
  disco: `discokey:${hex(32)}`,
  derpLatency: { '1-v4': 0.0123, '2-v4': 0.0456, '3-v4': 0.0789 },
  addresses,
  allowedIps: addresses,
  endpoints: [`${ipv4()}:41641`, `${ipv4()}:41641`, `${ipv4()}:41641`, `[fd00::${hex(2)}]:41641`],
};

/** Version `version` of the node of a peer: about 440 bytes encoded, like a real one. */
export const updateOf = (peer: number, version: number): CoordinateRequest => {
  const now = Date.now();
  return requests.updateSelf({
    ...constant,
    id: BigInt(peer),
    asOf: { seconds: BigInt(Math.floor(now / 1000)), nanos: (now % 1000) * 1_000_000 },
    preferredDerp: version,
  });
};
