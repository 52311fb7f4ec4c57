import { expect } from 'chai';
import { drainLimit } from '../../src/cli/drainLimit.js';

describe('drainLimit', () => {
  it('is below twenty seconds by default', () => {
    expect(drainLimit({ drainTime: 2000, limits: { closeTimeout: 5000 } })).to.equal(19_500);
    expect(drainLimit({ drainTime: 2000, limits: {} })).to.equal(19_500);
  });

  it('leaves the last peer all the time that it may take, and what is to be written no less', () => {
    expect(drainLimit({ drainTime: 0, limits: { closeTimeout: 60_000 } })).to.be.above(60_000 + 12_000);
    expect(drainLimit({ drainTime: 0, limits: { closeTimeout: 100 } })).to.equal(17_500);
  });
});
