import assert from 'node:assert/strict';
import {
  CoordinateRequest,
  encodeNode,
  decodeNode,
  parseRequest,
  RequestError,
  PeerUpdateKind,
  requestFromBytes,
  responseFromJson,
  responseToJson,
  updatesResponse,
  uuidToBytes,
  validateRequest,
  type Node,
} from '../../src/proto/index.js';
import { bytesOf, holdNode } from '../../src/proto/nodeBytes.js';
import { eve } from '../../src/testing/index.js';
import { protobufRequests } from './seeds.js';
import { reference } from './reference.js';
import type { Target } from './target.js';
import { judge } from './wellFormed.js';

const { rewritten } = reference('CoordinateRequest');

/**
 * Requests in protobuf: what is taken is what the specification allows, an independent decoder reads the same, and the
 * node comes out of the database as it went in, for everybody.
 */
export const decoding: Target = {
  name: 'decoding',
  seeds: protobufRequests,
  check: (input) => {
    const request = decoded(input);
    const { isMessage, isPlain } = judge(input, 'CoordinateRequest');
    assert.equal(request !== undefined, isMessage, 'taken, though it is no message, or the other way round');
    if (request === undefined) return;
    if (isPlain) assert.deepEqual(CoordinateRequest.decode(rewritten(input)), request);
    const node = published(request);
    if (node === undefined) return;
    const { peerUpdates } = responseFromJson(responseToJson(updatesResponse([toldOf(node)])));
    assert.equal(peerUpdates[0]?.node?.preferredDerp, node.preferredDerp, 'not what others are told in JSON');
    const stored = bytesOf(holdNode(node));
    assert.deepEqual(decodeNode(stored), node);
    assert.deepEqual(encodeNode(decodeNode(stored)), new Uint8Array(stored));
    assert.deepEqual(judge(stored, 'Node'), { isMessage: true, isPlain: true }, 'others would stumble over it');
  },
};

const toldOf = (node: Node) => ({ id: uuidToBytes(eve), kind: PeerUpdateKind.NODE, node, reason: '' });

const decoded = (input: Buffer): CoordinateRequest | undefined => {
  try {
    return requestFromBytes(new Uint8Array(input));
  } catch (error) {
    assert.ok(error instanceof Error);
    // Where only the number of its parts is wrong, it is read all the same.
    return / more than 1024 entries|^more than 1024 fields/.test(error.message)
      ? CoordinateRequest.decode(input)
      : undefined;
  }
};

/** The node that a request publishes, if it is not refused. */
const published = (request: CoordinateRequest) => {
  if (validateRequest(request) !== undefined) return undefined;
  try {
    return parseRequest(request).node;
  } catch (error) {
    assert.ok(error instanceof RequestError, String(error));
    return undefined;
  }
};
