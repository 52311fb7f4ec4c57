import { expect } from 'chai';
import { CoordinateRequest, RequestError, requestFromBytes, requests } from '../../src/proto/index.js';
import { alice, aNode } from '../../src/testing/index.js';

/** So many times the same bytes. */
const repeated = (count: number, ...bytes: readonly number[]) =>
  Uint8Array.from({ length: count * bytes.length }, (_, index) => bytes[index % bytes.length] ?? 0);

/** Bytes as a field of so many. */
const field = (tag: number, bytes: Uint8Array) =>
  Uint8Array.of(tag, 0x80 | (bytes.length & 0x7f), bytes.length >> 7, ...bytes);

const tooManyEntries = 'ready_for_handshake has more than 1024 entries: send several requests';
const tooManyFields = 'more than 1024 fields in one message';

describe('requestFromBytes', () => {
  it('reads what decoding reads', () => {
    const all = {
      ...requests.readyForHandshake(...Array<string>(1024).fill(alice)),
      updateSelf: { node: aNode({ derp: 7 }) },
      addTunnel: requests.addTunnel(alice).addTunnel,
    };
    const bytes = CoordinateRequest.encode(all).finish();
    expect(requestFromBytes(bytes)).to.deep.equal(CoordinateRequest.decode(bytes));
    for (const bytes of [repeated(0), repeated(1024, 0x7a, 0), field(0x0a, repeated(1024, 0x0a, 0))]) {
      expect(requestFromBytes(bytes)).to.deep.equal(CoordinateRequest.decode(bytes));
    }
  });

  const refused: Record<string, [Uint8Array, string, (new (message: string) => Error)?]> = {
    'acknowledgements without end': [repeated(1025, 0x2a, 0), tooManyEntries, RequestError],
    'tunnels without end': [repeated(1025, 0x1a, 0), tooManyFields],
    'updates without end': [repeated(1025, 0x0a, 2, 0x0a, 0), tooManyFields],
    'unknown fields without end': [repeated(1025, 0x7a, 0), tooManyFields],
    'nodes without end in one update': [field(0x0a, repeated(1025, 0x0a, 0)), tooManyFields],
  };
  for (const [what, [bytes, message, kind = RangeError]] of Object.entries(refused)) {
    it(`refuses ${what} before it makes anything of them`, () => {
      // What is wrong behind them is not looked at any more.
      expect(() => requestFromBytes(bytes)).to.throw(kind, message);
      expect(() => requestFromBytes(Uint8Array.of(...bytes, 0))).to.throw(kind, message);
    });
  }

  it('refuses what decoding refuses', () => {
    for (const bytes of [[0], [0x0a, 2, 0x0a], [0x0a, 1, 0], [0x7a, 0x80], [0x7b, 0x7c]]) {
      expect(() => requestFromBytes(Uint8Array.from(bytes)), String(bytes)).to.throw(Error);
    }
  });
});
