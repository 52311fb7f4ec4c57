import { expect } from 'chai';
import { Pace } from '../../../src/streams/operators/pace.js';

/** When each of those begins that come at these times, one after the other, if it waits as it is told. */
const beginnings = (pace: Pace, times: readonly number[]): readonly number[] => {
  let last = -Infinity;
  return times.map((time) => {
    const now = Math.max(time, last);
    last = now + pace.waitAt(now);
    pace.beginAt(last);
    return last;
  });
};

describe('Pace', () => {
  it('lets a burst begin at once, and one in each period from then on', () => {
    const times = [0, 0, 0, 0, 0, 1];
    expect(beginnings(new Pace({ period: 10, burst: 3 }), times)).to.deep.equal([0, 0, 0, 10, 20, 30]);
  });

  it('lets one more begin at once for each period in which none did, up to a burst', () => {
    const pace = new Pace({ period: 10, burst: 3 });
    expect(beginnings(pace, [100, 100, 100])).to.deep.equal([100, 100, 100]);
    expect(beginnings(pace, [125, 125, 125])).to.deep.equal([125, 125, 130]);
    expect(beginnings(pace, [1000, 1000, 1000, 1000])).to.deep.equal([1000, 1000, 1000, 1010]);
  });

  it('lets all begin that keep the period', () => {
    const times = [0, 10, 20, 30, 40];
    expect(beginnings(new Pace({ period: 10, burst: 1 }), times)).to.deep.equal(times);
  });

  it('holds no more than a burst of those that did not wait against the next one', () => {
    const pace = new Pace({ period: 10, burst: 3 });
    for (let count = 0; count < 100; count++) pace.beginAt(0);
    expect(pace.waitAt(0)).to.equal(10);
    expect(pace.waitAt(4)).to.equal(6);
    expect(pace.waitAt(10)).to.equal(0);
  });

  it('lets nobody wait for more than a period when the clock is set back, and goes by the new time then', () => {
    const pace = new Pace({ period: 10, burst: 3 });
    beginnings(pace, [3_600_000, 3_600_000, 3_600_000]);
    expect(pace.waitAt(0)).to.equal(10);
    pace.beginAt(10);
    expect(pace.waitAt(10)).to.equal(10);
    expect(pace.waitAt(20)).to.equal(0);
  });

  it('lets nobody wait without a period', () => {
    expect(beginnings(new Pace({ period: 0, burst: 1 }), [0, 0, 0])).to.deep.equal([0, 0, 0]);
  });
});
