import { expect } from 'chai';
import fc from 'fast-check';
import { ObjectSplitter } from '../../../src/gateways/legacy/objectSplitter.js';

/** All objects that there are by now, as text. */
const take = (splitter: ObjectSplitter): readonly string[] => {
  const objects: string[] = [];
  for (let object = splitter.next(); object !== undefined; object = splitter.next()) objects.push(object.toString());
  return objects;
};

const split = (text: string | Buffer, maxSize = 1000): ObjectSplitter => {
  const splitter = new ObjectSplitter(maxSize);
  splitter.push(Buffer.from(text));
  return splitter;
};

/** A text cut into pieces that begin at these places. */
const cut = (bytes: Buffer, places: readonly number[]): readonly Buffer[] => {
  const borders = [0, ...places.map((place) => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return borders.slice(1).map((end, index) => bytes.subarray(borders[index], end));
};

const object = fc.dictionary(
  fc.string({ unit: 'binary' }),
  fc.jsonValue({ depthSize: 'small', stringUnit: 'binary' }),
  { maxKeys: 3 },
);
const whiteSpace = fc.string({ unit: fc.constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 });

describe('ObjectSplitter', () => {
  it('finds objects that follow one another, with or without white space between', () => {
    expect(take(split('{"a":1}{"b":2} \r\n\t{}'))).to.deep.equal(['{"a":1}', '{"b":2}', '{}']);
  });

  it('takes brackets and quotes in strings for nothing else', () => {
    const texts = ['{"}{":"][\\"}\\\\"}', '{"a":[{"b":"\\u007d"},[]]}', '{"\\\\":"\\\\\\""}'];
    expect(take(split(texts.join('')))).to.deep.equal(texts);
  });

  it('waits for the end of an object', () => {
    const splitter = split('{"a":"');
    expect([take(splitter), splitter.isWithinObject]).to.deep.equal([[], true]);
    splitter.push(Buffer.from('}"'));
    expect([take(splitter), splitter.isWithinObject]).to.deep.equal([[], true]);
    splitter.push(Buffer.from('}  '));
    expect([take(splitter), splitter.isWithinObject]).to.deep.equal([['{"a":"}"}'], false]);
  });

  it('hands out one object after the other, and what was pushed meanwhile after that', () => {
    const splitter = split('{"a":1}{"b"');
    expect(splitter.next()?.toString()).to.equal('{"a":1}');
    splitter.push(Buffer.from(':2}{"c":3}'));
    expect(take(splitter)).to.deep.equal(['{"b":2}', '{"c":3}']);
  });

  it('finds the same objects wherever the stream is cut, be it within a character', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(whiteSpace, object), { maxLength: 5 }),
        whiteSpace,
        fc.array(fc.nat(), { maxLength: 20 }),
        (drawn, end, places) => {
          const texts = drawn.map(([, value]) => JSON.stringify(value));
          const stream = drawn.map(([space], index) => `${space}${texts[index] ?? ''}`).join('') + end;
          const splitter = new ObjectSplitter(1_000_000);
          const found: string[] = [];
          for (const chunk of cut(Buffer.from(stream), places)) {
            splitter.push(chunk);
            found.push(...take(splitter));
          }
          expect(found).to.deep.equal(texts);
          expect([splitter.problem, splitter.isWithinObject]).to.deep.equal([undefined, false]);
        },
      ),
    );
  });

  it('finds objects that come byte by byte', () => {
    const text = '{"é€😀":"\\""}';
    const splitter = new ObjectSplitter(100);
    const found = [...Buffer.from(text + text)].flatMap((byte) => {
      splitter.push(Buffer.of(byte));
      return take(splitter);
    });
    expect(found).to.deep.equal([text, text]);
  });

  it('does not hold on to the chunks in which an object began', () => {
    const splitter = new ObjectSplitter(100);
    const chunk = Buffer.from('{"a":');
    splitter.push(chunk);
    take(splitter);
    chunk.fill(0);
    splitter.push(Buffer.from('1}'));
    expect(take(splitter)).to.deep.equal(['{"a":1}']);
  });

  for (const [what, text, reason] of [
    ['text', 'hello', 'expected a JSON object, got "h"'],
    ['a list', '[{}]', 'expected a JSON object, got "["'],
    ['a number', '{}1', 'expected a JSON object, got "1"'],
    ['a quote', '"{}"', 'expected a JSON object, got "\\""'],
    ['a closing bracket too many', '{}}', 'expected a JSON object, got "}"'],
    ['a byte order mark', '\uFEFF{}', 'expected a JSON object, got byte 239'],
    ['a zero byte', '\0{}', 'expected a JSON object, got byte 0'],
    ['objects within objects within objects', '{"a":'.repeat(33), 'nested deeper than 32 levels'],
    ['lists within lists', `{"a":${'['.repeat(32)}`, 'nested deeper than 32 levels'],
  ] as const) {
    it(`ends at ${what}, after what was good before`, () => {
      const splitter = split(`{"good":1}${text}{"never":1}`);
      expect(take(splitter)[0]).to.equal('{"good":1}');
      expect(splitter.problem).to.deep.equal({ code: 1007, reason: `unreadable request: ${reason}` });
      splitter.push(Buffer.from('{}'));
      expect(take(splitter)).to.deep.equal([]);
    });
  }

  it('reads objects as deep as is allowed', () => {
    const text = `{"a":${'['.repeat(31)}${']'.repeat(31)}}`;
    expect(take(split(text))).to.deep.equal([text]);
  });

  it('ends at an object that is too large, without waiting for its end', () => {
    const small = `{"a":"${'x'.repeat(12)}"}`;
    expect(small).to.have.lengthOf(20);
    const tooLarge = { code: 1009, reason: 'message too large: at most 20 bytes' };

    const whole = split(`${small} ${small}`, 20);
    expect([take(whole), whole.problem]).to.deep.equal([[small, small], undefined]);

    const atOnce = split(`${small}{"a":"${'x'.repeat(13)}"}${small}`, 20);
    expect([take(atOnce), atOnce.problem]).to.deep.equal([[small], tooLarge]);

    const inPieces = new ObjectSplitter(20);
    for (const piece of ['   {"a":"', 'xxxxxxx', 'xxxxxxxx']) {
      expect(inPieces.problem).to.equal(undefined);
      inPieces.push(Buffer.from(piece));
      expect(take(inPieces)).to.deep.equal([]);
    }
    expect(inPieces.problem).to.deep.equal(tooLarge);
  });

  it('lets white space go on for ever', () => {
    const splitter = new ObjectSplitter(10);
    for (let count = 0; count < 100; count++) splitter.push(Buffer.alloc(1000, ' '));
    splitter.push(Buffer.from('{}'));
    expect(take(splitter)).to.deep.equal(['{}']);
  });
});
