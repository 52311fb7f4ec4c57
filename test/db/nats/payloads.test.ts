import { expect } from 'chai';
import { packPayloads, unpackPayloads } from '../../../src/db/nats/payloads.js';
import { StoreError } from '../../../src/db/store.js';

const encoder = new TextEncoder();

describe('packPayloads', () => {
  it('packs what belongs together into one message, and into more where it gets long', () => {
    const payloads = Array.from({ length: 10_000 }, () => crypto.randomUUID());
    const messages = packPayloads(payloads, 1_048_576);
    expect(messages.flatMap((message) => unpackPayloads(message))).to.deep.equal(payloads);
    expect(messages.length).to.be.within(2, 10);
    for (const { byteLength } of messages) expect(byteLength).to.be.at.most(65_536);
  });

  it('keeps to what the server takes', () => {
    const payloads = ['abc', 'déf', 'g', ''];
    const messages = packPayloads(payloads, 9);
    expect(messages.flatMap((message) => unpackPayloads(message))).to.deep.equal(payloads);
    for (const { byteLength } of messages) expect(byteLength).to.be.at.most(9);
  });

  it('refuses a payload that the server would not take', () => {
    expect(() => packPayloads(['x'.repeat(100)], 100))
      .to.throw(StoreError, 'a payload of 102 bytes is more than NATS takes, 100')
      .with.property('reason', 'refused');
  });

  it('makes no message of nothing', () => {
    expect(packPayloads([], 100)).to.deep.equal([]);
  });
});

describe('unpackPayloads', () => {
  for (const text of ['', 'hello', '{}', '"a"', '[1]', '["a",null]', '["a"', '\u0000']) {
    it(`takes ${JSON.stringify(text)} for none of ours`, () => {
      expect(unpackPayloads(encoder.encode(text))).to.equal(undefined);
    });
  }

  it('takes bytes that are no text for none of ours', () => {
    expect(unpackPayloads(new Uint8Array([0xff, 0xfe, 0x00]))).to.equal(undefined);
  });
});
