import { expect } from 'chai';
import fc from 'fast-check';
import type { CoordinateRequest } from '../../src/proto/index.js';
import {
  JsonError,
  Node,
  nodeFromJson,
  nodeToJson,
  PeerUpdateKind,
  RequestError,
  requestFromJson,
  requests,
  requestToJson,
  responseFromJson,
  responseToJson,
  sameNode,
  updatesResponse,
  uuidToBytes,
} from '../../src/proto/index.js';
import { node, uuid } from './arbitraries.js';

const alice = '00112233-4455-6677-8899-aabbccddeeff';
const aliceBase64 = 'ABEiM0RVZneImaq7zN3u/w==';

const parse = (text: string): unknown => JSON.parse(text);

describe('nodes in JSON', () => {
  it('are written as in a request, and read again', () => {
    fc.assert(
      fc.property(node, (drawn) => {
        const inRequest = parse(requestToJson(requests.updateSelf(drawn))) as { updateSelf: { node?: unknown } };
        expect(parse(nodeToJson(drawn))).to.deep.equal(inRequest.updateSelf.node ?? {});
        expect(sameNode(nodeFromJson(nodeToJson(drawn)), { ...drawn, _unknownFields: {} })).to.equal(true);
      }),
    );
  });

  it('leave out what JSON has no words for', () => {
    const asOf = { seconds: 253_402_300_800n, nanos: 0 };
    const odd = Node.fromPartial({ preferredDerp: 1, asOf });
    expect(nodeToJson({ ...odd, _unknownFields: { 8: [Uint8Array.of(1)] } })).to.equal('{"preferredDerp":1}');
  });

  it('that are none are said to be none', () => {
    expect(() => nodeFromJson('[]')).to.throw(JsonError, /^not a Node in JSON: /);
    expect(() => nodeFromJson('{"endpoints":[1]}')).to.throw(JsonError, /^not a Node in JSON: /);
  });
});

describe('requests in JSON', () => {
  it('have lowerCamelCase names, base64 bytes, numbers of 64 bits as text and nothing that is empty', () => {
    const request: CoordinateRequest = {
      ...requests.updateSelf({
        id: 9_007_199_254_740_993n,
        asOf: { seconds: 1n, nanos: 500_000_000 },
        key: Uint8Array.of(1, 2),
        derpLatency: { a: NaN, b: Infinity, c: 0.5 },
        derpForcedWebsocket: { 3: 'proxy' },
        allowedIps: ['::/0'],
      }),
      addTunnel: { id: uuidToBytes(alice) },
    };
    expect(parse(requestToJson(request))).to.deep.equal({
      updateSelf: {
        node: {
          id: '9007199254740993',
          asOf: '1970-01-01T00:00:01.500Z',
          key: 'AQI=',
          derpLatency: { a: 'NaN', b: 'Infinity', c: 0.5 },
          derpForcedWebsocket: { 3: 'proxy' },
          allowedIps: ['::/0'],
        },
      },
      addTunnel: { id: aliceBase64 },
    });
  });

  it('are read with either kind of names', () => {
    const expected = requestToJson({
      ...requests.updateSelf({ preferredDerp: 4, derpLatency: { a: NaN } }),
      readyForHandshake: [{ id: uuidToBytes(alice) }],
    });
    for (const text of [
      `{"updateSelf": {"node": {"preferredDerp": 4, "derpLatency": {"a": "NaN"}}}, "readyForHandshake": [{"id": "${aliceBase64}"}]}`,
      `{"update_self": {"node": {"preferred_derp": 4, "derp_latency": {"a": "NaN"}}}, "ready_for_handshake": [{"id": "${aliceBase64}"}]}`,
    ]) {
      expect(requestToJson(requestFromJson(text))).to.equal(expected);
    }
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(node, fc.array(uuid, { maxLength: 3 }), (original, peers) => {
        // JSON has no place for unknown fields, and the library none for this key.
        const derpLatency = Object.fromEntries(
          Object.entries(original.derpLatency).filter(([key]) => key !== '__proto__'),
        );
        const known: Node = { ...original, derpLatency, _unknownFields: {} };
        const request = { ...requests.readyForHandshake(...peers), updateSelf: { node: known } };
        const again = requestFromJson(requestToJson(request));
        expect(again.updateSelf?.node).to.deep.equal(known);
        expect(again.readyForHandshake.map(({ id }) => id)).to.deep.equal(peers.map(uuidToBytes));
      }),
    );
  });

  it('may hold what nobody knows', () => {
    const request = requestFromJson('{"whatever": {"a": [1]}, "disconnect": {"b": 2}}');
    expect(request.disconnect).to.not.equal(undefined);
  });

  it('tell no node from one that is null', () => {
    expect(requestFromJson('{"updateSelf": {"node": null}}').updateSelf?.node).to.equal(undefined);
    expect(requestFromJson('{"updateSelf": null}').updateSelf).to.equal(undefined);
  });

  const refused: Record<string, string> = {
    'no JSON': 'hello',
    'nothing at all': '',
    null: 'null',
    'a list': '[]',
    'a number for a message': '{"updateSelf": 5}',
    'text for a number': '{"updateSelf": {"node": {"preferredDerp": "many"}}}',
    'a number too large for its field': '{"updateSelf": {"node": {"preferredDerp": 5e99}}}',
    'what is not base64': '{"addTunnel": {"id": "***"}}',
    'a time that is none': '{"updateSelf": {"node": {"asOf": "yesterday"}}}',
    'null in a list': '{"readyForHandshake": [null]}',
    'half a surrogate pair': '{"updateSelf": {"node": {"disco": "\\ud800"}}}',
    'a megabyte of text for a message': `{"updateSelf": "${'x'.repeat(1_000_000)}"}`,
    'a million open brackets': '['.repeat(1_000_000),
  };
  for (const [what, text] of Object.entries(refused)) {
    it(`are refused when they hold ${what}`, () => {
      expect(() => requestFromJson(text))
        .to.throw(JsonError, /^not a CoordinateRequest in JSON: \S/)
        .with.property('message')
        .with.length.below(300);
    });
  }

  for (const name of ['readyForHandshake', 'ready_for_handshake']) {
    it(`are refused when they hold more of ${name} than a response has updates`, () => {
      const text = `{"${name}": [${Array(1025).fill('{}').join()}]}`;
      const error = 'ready_for_handshake has more than 1024 entries: send several requests';
      expect(() => requestFromJson(text)).to.throw(RequestError, error);
    });
  }

  it('do no harm when they nest half a million objects', () => {
    const bomb = `${'{"a":'.repeat(500_000)}1${'}'.repeat(500_000)}`;
    expect(requestToJson(requestFromJson(bomb))).to.equal('{}');
  });

  it('do not reach the prototype of objects', () => {
    const text = '{"__proto__": {"x": 1}, "updateSelf": {"node": {"derpLatency": {"__proto__": 1.5, "a": 2}}}}';
    expect(requestFromJson(text).updateSelf?.node?.derpLatency['a']).to.equal(2);
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });
});

describe('responses in JSON', () => {
  const update = { id: uuidToBytes(alice), node: undefined, kind: PeerUpdateKind.LOST, reason: 'lost' };

  it('name the kind of an update', () => {
    expect(parse(responseToJson(updatesResponse([update])))).to.deep.equal({
      peerUpdates: [{ id: aliceBase64, kind: 'LOST', reason: 'lost' }],
    });
  });

  it('are empty when they say nothing', () => {
    expect(responseToJson(updatesResponse([]))).to.equal('{}');
  });

  it('come back as they were', () => {
    fc.assert(
      fc.property(node, (sent) => {
        const derpLatency = Object.fromEntries(Object.entries(sent.derpLatency).filter(([key]) => key !== '__proto__'));
        const known = { ...sent, derpLatency, _unknownFields: {} };
        const response = updatesResponse([{ ...update, kind: PeerUpdateKind.NODE, node: known }]);
        const [again] = responseFromJson(responseToJson(response)).peerUpdates;
        expect(again).to.deep.include({ id: update.id, kind: PeerUpdateKind.NODE, reason: 'lost' });
        expect(again?.node).to.deep.equal(known);
      }),
    );
  });

  it('leave out a time that JSON cannot tell, and tell the rest', () => {
    const odd = [
      { seconds: 1n << 60n, nanos: 0 },
      { seconds: -(1n << 60n), nanos: 0 },
      { seconds: 0n, nanos: -1 },
      { seconds: 0n, nanos: 1_000_000_000 },
    ];
    for (const asOf of odd) {
      const sent = Node.fromPartial({ asOf, preferredDerp: 3 });
      const [again] = responseFromJson(responseToJson(updatesResponse([{ ...update, node: sent }]))).peerUpdates;
      expect(sameNode(again?.node, sent)).to.equal(true);
      expect(again?.node?.asOf).to.equal(undefined);
      expect(parse(requestToJson(requests.updateSelf(sent)))).to.deep.equal({
        updateSelf: { node: { preferredDerp: 3 } },
      });
    }
  });

  it('can be written for every node that a peer can send in bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        let sent: Node;
        try {
          sent = Node.decode(bytes);
        } catch {
          // Refused before it could reach anybody.
          return;
        }
        parse(responseToJson(updatesResponse([{ ...update, node: sent }])));
      }),
      { numRuns: 2000, examples: [[Uint8Array.of(24, 9)]] },
    );
  });

  it('are refused when they are none', () => {
    expect(() => responseFromJson('{"peerUpdates": [{"kind": []}]}')).to.throw(
      JsonError,
      /^not a CoordinateResponse in JSON: /,
    );
  });
});
