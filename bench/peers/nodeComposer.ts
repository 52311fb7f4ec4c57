import { randomBytes } from 'node:crypto';
import type { CoordinateRequest, Node } from 'tailnet-coordinator';

/** How many of each a node has. The defaults make about 440 bytes. */
export interface NodeShape {
  readonly addresses: number;
  readonly endpoints: number;
  /** Entries of `derp_latency`. */
  readonly regions: number;
}

export const defaultShape: NodeShape = { addresses: 2, endpoints: 4, regions: 3 };

/** Composes version `version` of the node of a peer. */
export type ComposeNode = (peer: number, version: number) => Node;

/**
 * Draws what does not change from version to version once for all peers of a run, so that a node costs the driver one
 * object: it runs in the process that is measured. Always the same properties in the same order, which keeps the
 * coordinator's property reads fast, as a decoder's nodes do.
 */
export const nodeComposer = (shape: NodeShape = defaultShape): ComposeNode => {
  const key = randomBytes(32);
  const disco = `discokey:${hex(32)}`;
  const addresses = times(shape.addresses, address);
  const allowedIps = [...addresses];
  const endpoints = times(shape.endpoints, (index) => endpoint(index === shape.endpoints - 1));
  const derpLatency = Object.fromEntries(times(shape.regions, (index) => [`${index + 1}-v4`, latency()]));
  const derpForcedWebsocket = {};
  return (peer, version) => {
    const now = Date.now();
    return {
      id: BigInt(peer),
      asOf: { seconds: BigInt(Math.floor(now / 1000)), nanos: (now % 1000) * 1_000_000, _unknownFields: none },
      key,
      disco,
      preferredDerp: version,
      derpLatency,
      derpForcedWebsocket,
      addresses,
      allowedIps,
      endpoints,
      _unknownFields: none,
    };
  };
};

/** Fields that this version does not know; a decoder gives every node such an object. */
const none = {};

/** The request that publishes a node. */
export const updateWith = (node: Node): CoordinateRequest => ({
  updateSelf: { node },
  disconnect: undefined,
  addTunnel: undefined,
  removeTunnel: undefined,
  readyForHandshake: [],
});

/** The request that opens a tunnel to the peer with this id. */
export const tunnelTo = (id: Uint8Array): CoordinateRequest => ({
  updateSelf: undefined,
  disconnect: undefined,
  addTunnel: { id },
  removeTunnel: undefined,
  readyForHandshake: [],
});

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
const groups = (count: number): string => times(count, () => hex(2)).join(':');
const address = (): string => `fd7a:115c:a1e0:${groups(5)}/128`;
const endpoint = (isV6: boolean): string =>
  isV6 ? `[2001:db8:${groups(6)}]:41641` : `${[...randomBytes(4)].join('.')}:41641`;
/** Seconds, as a number that takes all of its eight bytes. */
const latency = (): number => 0.001 + Math.random() / 10;
