import { composeBindingHint } from '../../src/db/bindingHint.js';
import { nodeToV1 } from '../../src/gateways/legacy/v1Node.js';
import { CoordinateRequest, encodeNode, requests, requestToJson, type Node } from '../../src/proto/index.js';
import { aNode, alice, bob, carol, eve, north } from '../../src/testing/index.js';

/** A node with something in every field. */
const fullNode: Node = {
  ...aNode({ of: eve, derp: 2, id: -5n, asOf: { seconds: 1_700_000_000n, nanos: 6 } }),
  derpLatency: { '2-v4': 0.0125, '3-v6': NaN },
  derpForcedWebsocket: { 3: 'a proxy', '-1': '' },
  addresses: ['fd7a:115c:a1e0::1/128', '10.0.0.1/32'],
  allowedIps: ['fd7a:115c:a1e0::1/128'],
  endpoints: ['192.0.2.7:41641', '[2001:db8::1]:41641'],
  _unknownFields: { 90: [Uint8Array.of(2, 65, 66)], 176: [Uint8Array.of(7)] },
};

const all: readonly CoordinateRequest[] = [
  { ...requests.updateSelf({}), updateSelf: { node: fullNode } },
  requests.updateSelf(aNode({ of: eve })),
  requests.updateSelf(aNode({ of: eve, asOf: { seconds: 2n ** 62n, nanos: 6 } })),
  requests.updateSelf(aNode({ of: eve, asOf: { seconds: 1n, nanos: -6 } })),
  requests.addTunnel(bob),
  requests.removeTunnel(carol),
  requests.readyForHandshake(alice, carol),
  requests.disconnect(),
  { ...requests.addTunnel(alice), ...{ updateSelf: { node: aNode({ of: eve, derp: 3 }) } } },
];

export const nodes: readonly Buffer[] = [
  fullNode,
  { ...fullNode, derpLatency: Object.fromEntries(Object.entries(fullNode.derpLatency).toReversed()) },
  { ...fullNode, asOf: { seconds: 1_700_000_009n, nanos: 6 } },
  aNode({ of: eve }),
  aNode({ of: eve, derp: 3 }),
].map((node) => Buffer.from(encodeNode(node)));
export const protobufRequests: readonly Buffer[] = all.map((request) =>
  Buffer.from(CoordinateRequest.encode(request).finish()),
);
export const jsonRequests: readonly Buffer[] = all.map((request) => Buffer.from(requestToJson(request)));
export const hintPayloads: readonly Buffer[] = [
  alice,
  bob,
  `${alice},${bob}`,
  `${carol},${alice}`,
  bob.toUpperCase(),
].map((payload) => Buffer.from(payload));

/** Payloads with the rows beside them, behind `|`. */
export const bindingHints: readonly Buffer[] = [[fullNode], [fullNode, aNode({ of: eve })]].map((nodes) => {
  const writes = nodes.map((node, index) => ({ peerId: [alice, bob][index] ?? carol, node: encodeNode(node) }));
  const hint = composeBindingHint(north, writes);
  return Buffer.concat([Buffer.from(`1764230400000001,${hint?.peers ?? ''}|`), hint?.rows ?? Buffer.alloc(0)]);
});

/** Streams of one node, and of several. */
export const v1Nodes: readonly Buffer[] = [
  ...[fullNode, aNode({ of: eve })].map((node) => Buffer.from(nodeToV1(node) ?? '')),
  Buffer.from(`{"preferred_derp":7} {"id":9223372036854775807,"key":null}\n{"endpoints":["\\"{"],"unknown":{"a":[1]}}`),
];
