import { expect } from 'chai';
import { Stopwatch } from '../../src/metrics/stopwatch.js';

describe('a stopwatch', () => {
  const setUp = (max?: number) => {
    let now = 0;
    return { stopwatch: new Stopwatch(() => now, max), pass: (milliseconds: number) => (now += milliseconds) };
  };

  it('tells the seconds from the first start to the stop, once', () => {
    const { stopwatch, pass } = setUp();
    stopwatch.start('a');
    pass(500);
    stopwatch.start('a');
    stopwatch.start('b');
    pass(1000);
    expect([stopwatch.stop('a'), stopwatch.stop('b'), stopwatch.stop('a')]).to.deep.equal([1.5, 1, undefined]);
    expect(stopwatch.size).to.equal(0);
  });

  it('forgets what is of no interest any more', () => {
    const { stopwatch } = setUp();
    for (const key of ['a', 'b', 'c']) stopwatch.start(key);
    stopwatch.forget('a');
    expect([stopwatch.stop('a'), stopwatch.stop('b')]).to.deep.equal([undefined, 0]);
    stopwatch.forgetAll();
    expect(stopwatch.stop('c')).to.equal(undefined);
  });

  it('holds so many at most: the oldest give way', () => {
    const { stopwatch } = setUp(2);
    for (const key of ['a', 'b', 'c']) stopwatch.start(key);
    expect(stopwatch.size).to.equal(2);
    expect([stopwatch.stop('a'), stopwatch.stop('b'), stopwatch.stop('c')]).to.deep.equal([undefined, 0, 0]);
  });
});
