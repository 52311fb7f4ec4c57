import { expect } from 'chai';
import { flatness } from './flatness.js';
import { judgeSeries } from './judgeSeries.js';
import type { Figure, Sample } from './metrics.js';

const margin = { share: 0.1, besides: 1 };
const repeat = (value: number, times: number): readonly number[] => Array.from({ length: times }, () => value);

describe('whether a figure stays flat', () => {
  it('goes by the medians of the second and of the last third', () => {
    const values = [...repeat(500, 3), ...[19, 20, 90], ...[21, 22, 1000]];
    expect(flatness(values, margin)).to.deep.equal({ verdict: 'flat', middle: 20, end: 22, limit: 23 });
  });

  it('is not so when the end is above the middle by more than the margin, and is when it is by just that', () => {
    expect(flatness([...repeat(20, 6), ...repeat(23, 3)], margin).verdict).to.equal('flat');
    expect(flatness([...repeat(20, 6), ...repeat(23.1, 3)], margin).verdict).to.equal('rising');
  });

  it('finds what rises slowly all the time', () => {
    const values = Array.from({ length: 90 }, (_, index) => 20 + index * 0.2);
    expect(flatness(values, margin).verdict).to.equal('rising');
  });

  it('does not care how it warms up, nor whether it falls', () => {
    expect(flatness([1, 5, 9, ...repeat(20, 6)], margin).verdict).to.equal('flat');
    expect(flatness([...repeat(20, 6), ...repeat(2, 3)], margin).verdict).to.equal('flat');
  });

  it('cannot be told from few values', () => {
    for (const count of [0, 1, 2, 3, 8]) {
      const values = Array.from({ length: count }, (_, index) => index * 1000);
      expect(flatness(values, margin).verdict, `${count} values`).to.equal('unjudged');
    }
  });

  it('is judged of each series by calm samples, and a coordinator that starts again begins a new series', () => {
    const figure = (of: string, generation: number, value: number): Figure => ({
      metric: 'heap',
      of,
      generation,
      value,
    });
    const sample = (at: number, isCalm: boolean, ...figures: readonly Figure[]): Sample => ({
      ...{ at, isCalm, figures, missing: [] },
    });
    const samples = Array.from({ length: 9 }, (_, at) => [
      sample(at, true, figure('first', 0, 20 + at * 10), figure('second', at < 3 ? 0 : 1, 20)),
      sample(at, false, figure('third', 0, 20)),
    ]).flat();
    const found = judgeSeries(samples).map(({ series, count, verdict }) => `${series}: ${count}, ${verdict}`);
    expect(found).to.have.members(['first: 9, rising', 'second: 3, unjudged', 'second #1: 6, unjudged']);
  });
});
