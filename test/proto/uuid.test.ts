import { expect } from 'chai';
import fc from 'fast-check';
import { isUuid, nilUuid, parseUuid, uuidFromBytes, uuidToBytes } from '../../src/proto/index.js';
import { uuid } from './arbitraries.js';

const example = '00112233-4455-6677-8899-aabbccddeeff';
const exampleBytes = Uint8Array.from({ length: 16 }, (_, index) => index * 0x11);

describe('UUIDs', () => {
  it('stand for sixteen bytes in the order of their digits', () => {
    expect(uuidToBytes(example)).to.deep.equal(exampleBytes);
    expect(uuidFromBytes(exampleBytes)).to.equal(example);
  });

  it('come back from their bytes, whatever their version', () => {
    fc.assert(
      fc.property(uuid, (text) => {
        expect(uuidFromBytes(uuidToBytes(text))).to.equal(text);
        expect(Buffer.from(uuidToBytes(text.toUpperCase())).toString('hex')).to.equal(text.replaceAll('-', ''));
      }),
    );
  });

  it('are texts of their own: one that was made stays as it is when others are', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        const first = uuidFromBytes(a);
        const second = uuidFromBytes(b);
        expect([uuidToBytes(first), uuidToBytes(second)]).to.deep.equal([a, b]);
      }),
    );
  });

  it('stand for every byte at every place', () => {
    for (let value = 0; value < 256; value++) {
      for (let place = 0; place < 16; place++) {
        const bytes = new Uint8Array(16);
        bytes[place] = value;
        const hex = Buffer.from(bytes).toString('hex');
        const text = uuidFromBytes(bytes);
        expect(text.replaceAll('-', '')).to.equal(hex);
        expect(uuidToBytes(text)).to.deep.equal(bytes);
        expect(isUuid(text)).to.equal(true);
      }
    }
  });

  it('are parsed into lower case', () => {
    expect(parseUuid(example.toUpperCase())).to.equal(example);
    expect(parseUuid(nilUuid)).to.equal(nilUuid);
  });

  it('have sixteen bytes and no other number', () => {
    expect(() => uuidFromBytes(new Uint8Array(3))).to.throw(RangeError, /^a UUID has 16 bytes, got 3$/);
    expect(() => uuidFromBytes(new Uint8Array(17))).to.throw(RangeError, /^a UUID has 16 bytes, got 17$/);
  });

  const malformed = {
    'empty text': '',
    'a digit too few': example.slice(1),
    'a digit too many': `${example}0`,
    'a letter that is no digit': example.replace('f', 'g'),
    'no hyphens': example.replaceAll('-', ''),
    'a hyphen in the wrong place': '0011223-34455-6677-8899-aabbccddeeff',
    braces: `{${example}}`,
    'a line break': `${example}\n`,
    'digits of another script': example.replace('0', '٠'),
  };
  for (const [what, text] of Object.entries(malformed)) {
    it(`are not read from text with ${what}`, () => {
      expect(isUuid(text)).to.equal(false);
      const message = `not a UUID: ${JSON.stringify(text)}`;
      expect(() => parseUuid(text))
        .to.throw(TypeError)
        .with.property('message', message);
      expect(() => uuidToBytes(text))
        .to.throw(TypeError)
        .with.property('message', message);
    });
  }

  it('are refused in few words, however long the text', () => {
    expect(() => parseUuid('x'.repeat(1_000_000)))
      .to.throw(TypeError)
      .with.property('message')
      .with.length.below(100);
  });

  it('are text and nothing else', () => {
    for (const value of [undefined, null, 5, [example], { toString: () => example }]) {
      expect(isUuid(value)).to.equal(false);
    }
    expect(isUuid(example)).to.equal(true);
  });
});
