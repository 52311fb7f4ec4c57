import { expect } from 'chai';
import fc from 'fast-check';
import { nodeFromV1, nodeToV1 } from '../../../src/gateways/legacy/v1Node.js';
import { Node } from '../../../src/proto/gen/tailnet.js';
import { JsonError } from '../../../src/proto/json.js';
import { sameNode } from '../../../src/proto/node.js';
import { aNode, bob } from '../../../src/testing/index.js';
import { node } from '../../proto/arbitraries.js';

const hex = 'b0b0000000004000800000000000000bb0b0000000004000800000000000000b';
const zeros = '0'.repeat(64);

const full = Node.fromPartial({
  id: 9_007_199_254_740_993n,
  asOf: { seconds: 1_772_600_767n, nanos: 123_456_789 },
  key: Buffer.concat([Buffer.from('np'), Buffer.from(hex, 'hex')]),
  disco: `discokey:${hex}`,
  preferredDerp: 2,
  derpLatency: { '1-v4': 0.25, '2-v6': 1 },
  derpForcedWebsocket: { 3: 'a proxy' },
  addresses: ['fd7a:115c:a1e0:4000:8000::b/128'],
  allowedIps: ['fd7a:115c:a1e0:4000:8000::b/128', '100.64.0.2/32'],
  endpoints: ['192.0.2.7:41641'],
});

const fullText =
  `{"id":9007199254740993,"as_of":"2026-03-04T05:06:07.123456789Z","key":"nodekey:${hex}","disco":"discokey:${hex}",` +
  '"preferred_derp":2,"derp_latency":{"1-v4":0.25,"2-v6":1},"derp_forced_websockets":{"3":"a proxy"},' +
  '"addresses":["fd7a:115c:a1e0:4000:8000::b/128"],"allowed_ips":["fd7a:115c:a1e0:4000:8000::b/128","100.64.0.2/32"],' +
  '"endpoints":["192.0.2.7:41641"]}';

describe('a node in V1', () => {
  it('has the names of Go’s structure, keys in hexadecimal, all 64 bits of its number, and nanoseconds', () => {
    expect(nodeToV1(full)).to.equal(fullText);
    expect(nodeFromV1(fullText)).to.deep.equal(full);
  });

  it('has null for what is empty, and the zero time of Go; a key that is not set is read as one of zeros', () => {
    const empty =
      `{"id":0,"as_of":"0001-01-01T00:00:00Z","key":"nodekey:${zeros}","disco":"discokey:${zeros}","preferred_derp":0,` +
      '"derp_latency":null,"derp_forced_websockets":null,"addresses":null,"allowed_ips":null,"endpoints":null}';
    const read = nodeFromV1(empty);
    expect(read).to.deep.equal(
      Node.fromPartial({ key: Buffer.concat([Buffer.from('np'), Buffer.alloc(32)]), disco: `discokey:${zeros}` }),
    );
    expect(nodeFromV1('{}')).to.deep.equal(read);
    expect(nodeFromV1('{"key":null,"id":null,"as_of":null,"new_in_2030":[{}]}')).to.deep.equal(read);
    expect(nodeToV1(read)).to.equal(empty);
  });

  it('comes back as it was', () => {
    const expressible = node.map((drawn) => ({
      ...drawn,
      key: aNode({ of: bob }).key,
      disco: aNode({ of: bob }).disco,
      addresses: ['10.0.0.1/32'],
      allowedIps: [],
      derpLatency: Object.fromEntries(Object.entries(drawn.derpLatency).filter(([, value]) => Number.isFinite(value))),
      _unknownFields: {},
    }));
    fc.assert(
      fc.property(expressible, (drawn) => {
        const text = nodeToV1(drawn) ?? '';
        const read = nodeFromV1(text);
        expect(sameNode(read, drawn)).to.equal(true);
        expect(nodeToV1(read)).to.equal(text);
      }),
    );
  });

  for (const [what, asOf, seconds, nanos] of [
    ['with an offset', '2026-03-04T07:06:07.5+02:00', 1_772_600_767n, 500_000_000],
    ['without a fraction', '2026-03-04T05:06:07Z', 1_772_600_767n, 0],
    ['before 1970', '1969-12-31T23:59:59.25Z', -1n, 250_000_000],
  ] as const) {
    it(`has a time ${what}`, () => {
      const { asOf: time } = nodeFromV1(JSON.stringify({ as_of: asOf }));
      expect(time).to.include({ seconds, nanos });
      expect(nodeFromV1(nodeToV1({ ...full, asOf: time }) ?? '').asOf).to.include({ seconds, nanos });
    });
  }

  it('has no words for a time that RFC 3339 cannot say, and leaves out latencies that are no numbers', () => {
    const text = nodeToV1(
      Node.fromPartial({
        ...full,
        asOf: { seconds: 253_402_300_800n, nanos: 0 },
        derpLatency: { a: NaN, b: Infinity, c: 1 },
      }),
    );
    expect(JSON.parse(text ?? ''))
      .to.include({ as_of: '0001-01-01T00:00:00Z' })
      .and.deep.include({ derp_latency: { c: 1 } });
    const { asOf } = full;
    const broken = { ...full, asOf: { ...asOf!, nanos: -1 } };
    expect(nodeToV1(broken)).to.contain('"as_of":"0001-01-01T00:00:00Z"');
  });

  for (const [what, more] of [
    ['no key', { key: Buffer.alloc(0) }],
    ['no disco', { disco: '' }],
    ['a key of another length', { key: Buffer.alloc(33) }],
    ['a key of another kind', { key: Buffer.alloc(34) }],
    ['a disco that is no key', { disco: 'discokey:00' }],
    ['an address that is none', { addresses: ['10.0.0.1'] }],
    ['an allowed IP that is none', { allowedIps: ['10.0.0.1/32', 'everywhere'] }],
  ] satisfies [string, Partial<Node>][]) {
    it(`cannot be said with ${what}`, () => {
      expect(nodeToV1(Node.fromPartial({ ...full, ...more }))).to.equal(undefined);
    });
  }

  it('is read with keys in capitals', () => {
    const text = fullText.replaceAll(hex, hex.toUpperCase());
    expect(nodeFromV1(text)).to.deep.equal(full);
  });

  for (const [what, text, error, message] of [
    ['no JSON', '{"id":}', SyntaxError, /./],
    ['a number of no size', '{"preferred_derp":1e999}', SyntaxError, /^number out of range: 1e999$/],
    ['a key that is text', '{"key":"abc"}', TypeError, /^key must be "nodekey:" and 64 hexadecimal digits, got "abc"$/],
    [
      'a key that is a number',
      '{"key":7}',
      TypeError,
      /^key must be "nodekey:" and 64 hexadecimal digits, got number$/,
    ],
    [
      'a disco that is a list',
      '{"disco":[]}',
      TypeError,
      /^disco must be "discokey:" and 64 hexadecimal digits, got object$/,
    ],
    ['a region that is text', '{"preferred_derp":"two"}', JsonError, /preferred_derp/],
    ['a region beyond 32 bits', '{"preferred_derp":2147483648}', JsonError, /preferred_derp/],
    ['a number of very many digits', `{"id":${'9'.repeat(60_000)}}`, SyntaxError, /^number out of range: 9{32}$/],
    ['a number beyond what has 20 digits', `{"id":1${'0'.repeat(21)}}`, JsonError, /\bid\b/],
    ['a number beyond 64 bits', '{"id":9223372036854775808}', JsonError, /\bid\b/],
    ['half a number', '{"id":1.5}', JsonError, /\bid\b/],
    ['a time that is none', '{"as_of":"yesterday"}', JsonError, /./],
    ['addresses that are one', '{"addresses":"10.0.0.1/32"}', JsonError, /addresses/],
    ['a region that is no number', '{"derp_forced_websockets":{"x":""}}', JsonError, /derp_forced_websocket/],
    ['a latency that is text', '{"derp_latency":{"1-v4":"fast"}}', JsonError, /derp_latency/],
    ['the same name twice', '{"id":1,"id":2}', SyntaxError, /Duplicate key/],
    ['a list', '[]', TypeError, /^a node is a JSON object$/],
  ] as const) {
    it(`is refused with ${what}`, () => {
      expect(() => nodeFromV1(text)).to.throw(error, message);
    });
  }

  it('does not reach the prototype of objects', () => {
    nodeFromV1('{"__proto__":{"id":7},"derp_latency":{"__proto__":1}}');
    expect(nodeFromV1('{"__proto__":{"id":7}}').id).to.equal(0n);
    expect({}).not.to.have.property('id');
  });
});
