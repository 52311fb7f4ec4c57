import { expect } from 'chai';
import { createIds } from '../../bench/peers/ids.js';
import { numberOf } from '../../bench/peers/numberOf.js';
import { uuidFromBytes, uuidToBytes } from '../../src/proto/uuid.js';

describe('the ids of a run', () => {
  const ids = createIds();

  for (const peer of [0, 1, 255, 65_536, 0xfe_dc_ba_98]) {
    it(`have the number in their last four bytes: ${peer}`, () => {
      const uuid = ids.uuidOf(peer);
      expect(uuid.slice(-8)).to.equal(peer.toString(16).padStart(8, '0'));
      expect(uuidFromBytes(ids.bytesOf(peer))).to.equal(uuid);
      expect(numberOf(uuidToBytes(uuid))).to.equal(peer);
    });
  }

  it('are read from the middle of a message, too', () => {
    const message = new Uint8Array(64).fill(0xff);
    message.set(ids.bytesOf(4711), 21);
    expect(numberOf(message.subarray(21, 37))).to.equal(4711);
  });

  it('differ from those of another run, and are the same with the same prefix', () => {
    expect(createIds().uuidOf(1)).not.to.equal(ids.uuidOf(1));
    expect(createIds(ids.prefix).uuidOf(1)).to.equal(ids.uuidOf(1));
  });
});
