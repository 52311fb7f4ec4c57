import { expect } from 'chai';
import type { CoordinateRequest } from '../../src/proto/index.js';
import {
  Node,
  nilUuid,
  parseRequest,
  requestFromJson,
  RequestError,
  requests,
  uuidToBytes,
  validateRequest,
} from '../../src/proto/index.js';

const alice = '00112233-4455-6677-8899-aabbccddeeff';
const bob = 'ffeeddcc-bbaa-9988-7766-554433221100';

/** What a caller without types may hand over: any JSON. */
const untyped = (json: string) => JSON.parse(json) as CoordinateRequest | null;

/** A request with this very node. */
const publish = (node: Node): CoordinateRequest => ({ ...requests.updateSelf({}), updateSelf: { node } });

/** A request with so many acknowledgements. */
const acknowledging = (count: number) => requests.readyForHandshake(...Array<string>(count).fill(alice));

const acknowledgement = { id: uuidToBytes(alice) };

describe('validateRequest', () => {
  const valid: Record<string, CoordinateRequest | null> = {
    'an empty request': { ...requests.disconnect(), disconnect: undefined },
    'an empty request without types': untyped('{}'),
    'an empty node': requests.updateSelf({}),
    'an empty list of acknowledgements': { ...requests.disconnect(), readyForHandshake: [] },
    'a list of acknowledgements that is null': untyped('{"readyForHandshake": null}'),
    'an update that is null': untyped('{"updateSelf": null}'),
    'an acknowledgement': requests.readyForHandshake(alice),
    'an acknowledgement for each update of the largest response': acknowledging(1024),
  };
  for (const [what, request] of Object.entries(valid)) {
    it(`takes ${what}`, () => {
      expect(validateRequest(request)).to.equal(undefined);
    });
  }

  const required = 'coordinate request is required';
  const nodeRequired = 'update_self node is required';
  const entryRequired = 'ready_for_handshake entries must not be nil';
  const invalid: Record<string, [CoordinateRequest | null | undefined, string]> = {
    'a missing request': [undefined, required],
    'a request that is null': [null, required],
    'an update without a node': [{ ...requests.disconnect(), updateSelf: { node: undefined } }, nodeRequired],
    'an update with a node that is null': [untyped('{"updateSelf": {"node": null}}'), nodeRequired],
    'an acknowledgement that is null': [untyped('{"readyForHandshake": [null]}'), entryRequired],
    'more acknowledgements than a response has updates': [
      acknowledging(1025),
      'ready_for_handshake has more than 1024 entries: send several requests',
    ],
    'a good acknowledgement and one that is null': [
      untyped('{"readyForHandshake": [{"id": "any"}, null]}'),
      entryRequired,
    ],
    'a good node and an acknowledgement that is null': [
      untyped('{"updateSelf": {"node": {"preferredDerp": 1}}, "readyForHandshake": [null]}'),
      entryRequired,
    ],
  };
  for (const [what, [request, error]] of Object.entries(invalid)) {
    it(`refuses ${what}`, () => {
      expect(validateRequest(request)).to.equal(error);
    });
  }
});

describe('parseRequest', () => {
  const nothingAsked = { node: undefined, addTunnel: undefined, removeTunnel: undefined, readyForHandshake: [] };

  it('reads all parts of one request', () => {
    const node = Node.fromPartial({ preferredDerp: 3 });
    const request = {
      ...requests.readyForHandshake(alice, bob),
      updateSelf: { node },
      addTunnel: acknowledgement,
      removeTunnel: { id: uuidToBytes(bob) },
    };
    expect(parseRequest(request)).to.deep.equal({
      node,
      addTunnel: alice,
      removeTunnel: bob,
      disconnect: false,
      readyForHandshake: [alice, bob],
    });
  });

  it('leaves out what a request does not ask for', () => {
    const empty = { ...nothingAsked, disconnect: false };
    expect(parseRequest({ ...requests.disconnect(), disconnect: undefined })).to.deep.equal(empty);
    expect(parseRequest(untyped('{"disconnect": null, "addTunnel": null}')!)).to.deep.equal(empty);
  });

  it('refuses a node with known fields of another type, over which other decoders stumble', () => {
    for (const [tag, number] of [
      [32, 4],
      [10, 1],
      [85, 10],
    ] as const) {
      const unknown = { 90: [Uint8Array.of(0)], [tag]: [Uint8Array.of(0)] };
      expect(() => parseRequest(publish({ ...Node.fromPartial({}), _unknownFields: unknown }))).to.throw(
        RequestError,
        `update_self: field ${String(number)} of the node has the wrong type`,
      );
    }
    const asOf = { seconds: 1n, nanos: 1, _unknownFields: { 18: [Uint8Array.of(0)] } };
    expect(() => parseRequest(publish({ ...Node.fromPartial({}), asOf }))).to.throw(
      RequestError,
      'update_self: field 2 of as_of has the wrong type',
    );
  });

  it('takes a node with fields of newer versions', () => {
    const asOf = { seconds: 1n, nanos: 1, _unknownFields: { 24: [Uint8Array.of(0)] } };
    const newer: Node = { ...Node.fromPartial({}), asOf, _unknownFields: { 90: [Uint8Array.of(0)] } };
    expect(parseRequest(publish(newer)).node).to.equal(newer);
  });

  it('ignores acknowledgements that come with a goodbye', () => {
    const request = { ...requests.disconnect(), readyForHandshake: [{ id: new Uint8Array(3) }] };
    expect(parseRequest(request)).to.deep.equal({ ...nothingAsked, disconnect: true });
  });

  const empty = requests.readyForHandshake();
  const refused: Record<string, [CoordinateRequest, string]> = {
    'a destination without an id': [
      untyped('{"addTunnel": {}, "readyForHandshake": []}') ?? empty,
      'add_tunnel: a peer id has 16 bytes, got none',
    ],
    'a destination of three bytes': [
      { ...empty, addTunnel: { id: new Uint8Array(3) } },
      'add_tunnel: a peer id has 16 bytes, got 3',
    ],
    'a destination of no bytes': [
      { ...empty, removeTunnel: { id: new Uint8Array() } },
      'remove_tunnel: a peer id has 16 bytes, got 0',
    ],
    'an acknowledgement of seventeen bytes': [
      { ...empty, readyForHandshake: [acknowledgement, { id: new Uint8Array(17) }] },
      'ready_for_handshake: a peer id has 16 bytes, got 17',
    ],
    'the text of a UUID': [
      { ...empty, addTunnel: { id: Buffer.from(bob) } },
      'add_tunnel: a peer id has 16 bytes, got 36, which are the text of a UUID; in JSON it is the base64 of the 16 bytes',
    ],
    'the text of a UUID in JSON': [
      requestFromJson(`{"addTunnel":{"id":"${bob}"}}`),
      'add_tunnel: a peer id has 16 bytes, got 27, which are the text of a UUID; in JSON it is the base64 of the 16 bytes',
    ],
    'a tunnel to the nil UUID': [requests.addTunnel(nilUuid), 'tunnel destination must not be the nil UUID'],
    'the end of a tunnel to the nil UUID': [
      requests.removeTunnel(nilUuid),
      'tunnel destination must not be the nil UUID',
    ],
  };
  for (const [what, [request, error]] of Object.entries(refused)) {
    it(`refuses ${what}`, () => {
      expect(() => parseRequest(request))
        .to.throw(RequestError)
        .with.property('message', error);
    });
  }
});
