import { expect } from 'chai';
import { linearScale, logScale } from '../../bench/report/scale.js';

describe('the scales of a chart', () => {
  it('begin at 0 and end at a round number, when they are linear', () => {
    const { place, ticks } = linearScale(8.3);
    expect(ticks).to.deep.equal([0, 2, 4, 6, 8, 10]);
    expect([place(0), place(5), place(10)]).to.deep.equal([0, 0.5, 1]);
    expect(linearScale(0.3).ticks).to.deep.equal([0, 0.1, 0.2, 0.3]);
    expect(linearScale(0).ticks).to.deep.equal([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });

  it('have equal steps for equal factors, when they are logarithmic', () => {
    const { place, ticks } = logScale(1, 10_000);
    expect(ticks).to.deep.equal([1, 10, 100, 1000, 10_000]);
    for (const [index, tick] of ticks.entries()) expect(place(tick)).to.be.closeTo(index / 4, 1e-12);
  });

  it('embrace what they show, with more marks where there is less', () => {
    expect(logScale(1.6, 21).ticks).to.deep.equal([1, 2, 5, 10, 20, 50]);
    expect(logScale(0.4, 240).ticks).to.deep.equal([0.3, 1, 3, 10, 30, 100, 300]);
    expect(logScale(5, 5).ticks).to.deep.equal([5, 10]);
  });
});
