import { expect } from 'chai';
import { latencyFigures } from '../../bench/measure/latencies.js';

describe('the latencies of a phase', () => {
  it('have percentiles by nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect(latencyFigures(hundred)).to.deep.equal({
      n: 100,
      p50_ms: 50,
      p95_ms: 95,
      p99_ms: 99,
      max_ms: 100,
      min_ms: 1,
    });
  });

  it('take the value at the next rank where a percentile lies between two', () => {
    expect(latencyFigures([10, 2, 30])).to.deep.equal({
      n: 3,
      p50_ms: 10,
      p95_ms: 30,
      p99_ms: 30,
      max_ms: 30,
      min_ms: 2,
    });
    // Of 200, the 99th percentile is the 198th.
    const twoHundred = Array.from({ length: 200 }, (_, index) => index + 1);
    expect(latencyFigures(twoHundred).p99_ms).to.equal(198);
  });

  it('compare as numbers, and leave what they were given as it was', () => {
    const latencies = [9, 10, 100];
    expect(latencyFigures(latencies)).to.include({ min_ms: 9, p50_ms: 10, max_ms: 100 });
    expect(latencyFigures([10, 9]).min_ms).to.equal(9);
    expect(latencies).to.deep.equal([9, 10, 100]);
  });

  it('are nothing where there were none', () => {
    expect(latencyFigures([])).to.deep.equal({ n: 0, p50_ms: 0, p95_ms: 0, p99_ms: 0, max_ms: 0, min_ms: 0 });
  });
});
