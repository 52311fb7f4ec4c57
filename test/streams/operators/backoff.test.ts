import { expect } from 'chai';
import { backoffDelay } from '../../../src/streams/operators/backoff.js';

const inTheMiddle = { initial: 500, max: 10_000, random: () => 0.5 };

describe('backoffDelay', () => {
  it('waits 1.5 times as long after each failure, up to the longest wait', () => {
    const delays = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((attempt) => backoffDelay(attempt, inTheMiddle));
    expect(delays).to.deep.equal([500, 750, 1125, 1687.5, 2531.25, 3796.875, 5695.3125, 8542.96875, 10_000, 10_000]);
  });

  it('takes away half of the wait at the low end of chance, and adds almost half at the high end', () => {
    expect(backoffDelay(1, { ...inTheMiddle, random: () => 0 })).to.equal(250);
    expect(backoffDelay(1, { ...inTheMiddle, random: () => 0.75 })).to.equal(625);
    expect(backoffDelay(1, { ...inTheMiddle, random: () => 1 - 2 ** -53 })).to.be.within(749.999, 750);
  });

  it('randomises the longest wait, too, so that those who wait for long do not meet', () => {
    expect(backoffDelay(100, { ...inTheMiddle, random: () => 0 })).to.equal(5_000);
    expect(backoffDelay(100, { ...inTheMiddle, random: () => 0.75 })).to.equal(12_500);
  });

  it('does not lose count after years of failures', () => {
    expect(backoffDelay(1e9, inTheMiddle)).to.equal(10_000);
    expect(backoffDelay(Number.MAX_SAFE_INTEGER, inTheMiddle)).to.equal(10_000);
  });

  it('never waits longer than the longest wait, even if the first one is longer', () => {
    expect(backoffDelay(1, { ...inTheMiddle, initial: 30_000 })).to.equal(10_000);
  });
});
