import { expect } from 'chai';
import fc from 'fast-check';
import { decodeNode, encodeNode, Node, nodeSignature, sameEncodedNode, sameNode } from '../../src/proto/index.js';
import { node, relatedNodes } from './arbitraries.js';

const someNode: Node = {
  id: 7n,
  asOf: { seconds: 1_700_000_000n, nanos: 5 },
  key: Uint8Array.from([0x6e, 0x70, ...new Uint8Array(32).fill(9)]),
  disco: `discokey:${'ab'.repeat(32)}`,
  preferredDerp: 10,
  derpLatency: { '1-v4': 0.05, '2-v6': 0.25 },
  derpForcedWebsocket: { 3: 'no upgrade', 4: 'proxy' },
  addresses: ['fd7a:115c:a1e0:6677:8899:aabb:ccdd:eeff/128'],
  allowedIps: ['fd7a:115c:a1e0:6677:8899:aabb:ccdd:eeff/128'],
  endpoints: ['192.0.2.1:41641', '[2001:db8::1]:41641'],
};

/** The same comparison as one would write it who has all the time of the world. */
function naivelySame(a: Node, b: Node): boolean {
  const plain = (value: Node) =>
    JSON.stringify({
      ...value,
      id: String(value.id),
      asOf: undefined,
      key: [...value.key],
      derpLatency: Object.entries(value.derpLatency)
        .map(([key, latency]) => [key, String(latency)])
        .sort(),
      derpForcedWebsocket: Object.entries(value.derpForcedWebsocket).sort(),
      _unknownFields: Object.entries(value._unknownFields ?? {})
        .map(([tag, values]) => [tag, values.map((bytes) => [...bytes])])
        .sort(),
    });
  return plain(a) === plain(b);
}

describe('encoded nodes', () => {
  it('come back as they were, with what newer versions added', () => {
    fc.assert(
      fc.property(node, (original) => {
        expect(decodeNode(encodeNode(original))).to.deep.equal(original);
      }),
    );
  });

  it('keep unknown fields when they are decoded and encoded again', () => {
    const newer = Buffer.concat([
      encodeNode(someNode),
      Buffer.from('fa01036e6577', 'hex'),
      Buffer.from('9006d209', 'hex'),
    ]);
    const again = encodeNode(decodeNode(newer));
    expect(Buffer.from(again).subarray(-newer.length).toString('hex'))
      .to.contain('fa01036e6577')
      .and.contain('9006d209');
    expect(sameNode(decodeNode(again), decodeNode(newer))).to.equal(true);
  });

  it('keep an entry of a map that is named __proto__', () => {
    const hostile = encodeNode({ ...someNode, derpLatency: Object.fromEntries([['__proto__', 1.5]]) });
    const { derpLatency } = decodeNode(hostile);
    expect(Object.entries(derpLatency)).to.deep.equal([['__proto__', 1.5]]);
    expect(encodeNode(decodeNode(hostile))).to.deep.equal(hostile);
    expect(Object.entries(Node.fromPartial({ derpLatency }).derpLatency)).to.deep.equal([['__proto__', 1.5]]);
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
  });

  it('are refused with an error when they were cut off within a field', () => {
    const bytes = encodeNode({ ...Node.fromPartial({}), disco: 'discokey' });
    for (let length = 1; length < bytes.length; length++) {
      expect(() => decodeNode(bytes.subarray(0, length)), String(length)).to.throw(Error);
    }
  });

  it('are refused when a message ends elsewhere than it says', () => {
    // A time of one byte whose number goes on beyond it; one that holds a tag of zero.
    expect(() => decodeNode(Uint8Array.from([18, 1, 8, 5]))).to.throw('malformed message');
    expect(() => decodeNode(Uint8Array.from([18, 2, 0, 40, 40, 1]))).to.throw('malformed message');
    // A latency of one byte whose name lies beyond it; a node that ends with a tag of zero in its middle.
    expect(() => decodeNode(Uint8Array.from([50, 1, 10, 0]))).to.throw('malformed message');
    expect(() => decodeNode(Uint8Array.from([0, 40, 1]))).to.throw('malformed message');
  });

  it('are decoded or refused with an error, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          decodeNode(bytes);
        } catch (error) {
          expect(error).to.be.instanceOf(Error);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('are refused with an error when groups are nested a million deep', () => {
    expect(() => decodeNode(new Uint8Array(1_000_000).fill(0x63))).to.throw(Error);
  });
});

describe('decodeNode', () => {
  it('keeps nothing of the bytes: of many nodes that came together, one that stays does not hold the others', () => {
    const encoded = encodeNode({
      ...someNode,
      key: new Uint8Array(34).fill(7),
      _unknownFields: { 90: [Uint8Array.of(1, 2)] },
    });
    const together = new Uint8Array(100_000);
    together.set(encoded);
    const { key, _unknownFields: unknown } = decodeNode(together.subarray(0, encoded.length));
    together.fill(0);
    expect([...key]).to.deep.equal(Array(34).fill(7));
    expect(key.buffer.byteLength).to.equal(34);
    expect(unknown?.[90]?.map((value) => value.buffer.byteLength)).to.deep.equal([2]);
  });

  /** What comes of it, or the error. */
  const attempt = (decode: () => Node): unknown => {
    try {
      return decode();
    } catch (error) {
      return String(error);
    }
  };

  /** Text in fields that are read as text: all that is valid, and much that is not. */
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }).map((value) => Buffer.from(value)),
    fc.uint8Array({ maxLength: 12 }),
    fc
      .array(fc.constantFrom('efbbbf', 'eda080', 'c080', 'f4908080', 'f09f98', '80', 'c3', '00', '41'), {
        maxLength: 4,
      })
      .map((parts) => Buffer.from(parts.join(''), 'hex')),
  );
  const textField = fc
    .tuple(fc.constantFrom(34, 66, 74, 82), text, fc.integer({ min: -3, max: 3 }))
    .map(([tag, bytes, off]) => [tag, Math.max(0, bytes.length + (off > 0 ? off : 0)), ...bytes]);
  const nameOfLatency = text.map((bytes) => [
    50,
    bytes.length + 11,
    10,
    bytes.length,
    ...bytes,
    17,
    ...new Uint8Array(8),
  ]);
  const messages = fc
    .tuple(fc.array(fc.oneof(textField, nameOfLatency), { maxLength: 4 }), fc.nat(4))
    .map(([fields, cut]) => Uint8Array.from(fields.flat()).slice(0, -cut || undefined));

  it('reads what the generated code reads, and refuses what it refuses, invalid and truncated text included', () => {
    fc.assert(
      fc.property(messages, fc.boolean(), fc.nat(3), (bytes, asBuffer, offset) => {
        const whole = new Uint8Array([...new Uint8Array(offset), ...bytes, 1, 2]);
        const view = whole.subarray(offset, offset + bytes.length);
        const given = asBuffer ? Buffer.from(view.buffer, view.byteOffset, view.length) : view;
        expect(attempt(() => decodeNode(given))).to.deep.equal(attempt(() => Node.decode(bytes)));
      }),
      { numRuns: 2000 },
    );
  });

  it('refuses a text of four gigabytes that is not there', () => {
    expect(() => decodeNode(Uint8Array.of(34, 255, 255, 255, 255, 15, 65))).to.throw(RangeError, 'premature EOF');
  });
});

describe('nodes are the same', () => {
  const same: Record<string, [Node | undefined, Node | undefined]> = {
    'when both are missing': [undefined, undefined],
    'when they were composed at different times': [someNode, { ...someNode, asOf: { seconds: 5n, nanos: 0 } }],
    'when one does not say when it was composed': [someNode, { ...someNode, asOf: undefined }],
    'when their maps are in another order': [someNode, { ...someNode, derpLatency: { '2-v6': 0.25, '1-v4': 0.05 } }],
    'when both latencies are not a number': [
      { ...someNode, derpLatency: { a: NaN } },
      { ...someNode, derpLatency: { a: Number('x') } },
    ],
    'when their zeros differ in sign': [
      { ...someNode, derpLatency: { a: 0 } },
      { ...someNode, derpLatency: { a: -0 } },
    ],
    'when one has no unknown fields and the other an empty list of them': [
      { ...someNode, _unknownFields: {} },
      { ...someNode, _unknownFields: { 90: [] } },
    ],
  };
  for (const [when, [a, b]] of Object.entries(same)) {
    it(when, () => {
      expect(sameNode(a, b)).to.equal(true);
      expect(sameNode(b, a)).to.equal(true);
      expect(a && nodeSignature(a)).to.equal(b && nodeSignature(b));
    });
  }

  it('when their latencies are different bits that are no number', () => {
    const [a, b] = ['000000000000f87f', '010000000000f8ff'].map((nan) =>
      decodeNode(Buffer.from(`320c0a016111${nan}`, 'hex')),
    );
    expect(sameNode(a, b)).to.equal(true);
    expect(a && nodeSignature(a)).to.equal(b && nodeSignature(b));
  });

  it('and are left as they were by the comparison', () => {
    const [a, b] = [structuredClone(someNode), { ...structuredClone(someNode), asOf: undefined }];
    sameNode(a, b);
    nodeSignature(a);
    expect([a, b]).to.deep.equal([someNode, { ...someNode, asOf: undefined }]);
  });
});

describe('nodes differ', () => {
  const changes: Record<string, Partial<Node>> = {
    'in their id': { id: 8n },
    'in their key': { key: new Uint8Array(34) },
    'in the length of their key': { key: someNode.key.subarray(0, 33) },
    'in their discovery key': { disco: '' },
    'in their home region': { preferredDerp: 11 },
    'in a latency': { derpLatency: { '1-v4': 0.05, '2-v6': 0.26 } },
    'in the name of a latency': { derpLatency: { '1-v4': 0.05, '3-v6': 0.25 } },
    'in a latency that is missing': { derpLatency: { '1-v4': 0.05 } },
    'in a forced region': { derpForcedWebsocket: { 3: 'no upgrade', 4: 'another' } },
    'in an address': { addresses: [] },
    'in an allowed address': { allowedIps: ['::/0'] },
    'in the order of endpoints': { endpoints: someNode.endpoints.toReversed() },
    'in an unknown field': { _unknownFields: { 90: [Uint8Array.of(1, 2)] } },
  };
  for (const [where, change] of Object.entries(changes)) {
    it(where, () => {
      const changed = { ...someNode, ...change };
      expect(sameNode(someNode, changed)).to.equal(false);
      expect(sameNode(changed, someNode)).to.equal(false);
      expect(nodeSignature(someNode)).to.not.equal(nodeSignature(changed));
    });
  }

  it('when one is missing', () => {
    expect(sameNode(someNode, undefined)).to.equal(false);
    expect(sameNode(undefined, someNode)).to.equal(false);
  });

  it('in how often an unknown field stands', () => {
    const [once, twice] = [1, 2].map((times) => ({
      ...someNode,
      _unknownFields: { 88: Array(times).fill(Uint8Array.of(1)) },
    }));
    expect(sameNode(once, twice)).to.equal(false);
    expect(sameNode(twice, once)).to.equal(false);
  });
});

describe('sameNode', () => {
  it('agrees with a comparison of everything, and so do the signature and the comparison of bytes', () => {
    fc.assert(
      fc.property(relatedNodes, ([a, b]) => {
        const expected = naivelySame(a, b);
        expect(sameNode(a, b)).to.equal(expected);
        expect(sameNode(b, a)).to.equal(expected);
        expect(sameNode(a, structuredClone(a))).to.equal(true);
        expect(nodeSignature(a) === nodeSignature(b)).to.equal(expected);
        expect(sameEncodedNode(encodeNode(a), encodeNode(b))).to.equal(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('carries over from one pair to the next', () => {
    const few = fc.constantFrom(
      someNode,
      { ...someNode, asOf: undefined },
      { ...someNode, id: 1n },
      { ...someNode, derpLatency: { a: NaN, b: -0 } },
      { ...someNode, derpLatency: { b: 0, a: NaN }, asOf: undefined },
    );
    fc.assert(
      fc.property(few, few, few, (a, b, c) => {
        if (sameNode(a, b) && sameNode(b, c)) expect(sameNode(a, c)).to.equal(true);
      }),
    );
  });
});

describe('sameEncodedNode', () => {
  it('takes bytes that hold no node for the same only as equal bytes', () => {
    const broken = Uint8Array.of(255, 255);
    expect(sameEncodedNode(broken, broken.slice())).to.equal(true);
    expect(sameEncodedNode(broken, Uint8Array.of(255, 254))).to.equal(false);
    expect(sameEncodedNode(broken, encodeNode(someNode))).to.equal(false);
  });
});
