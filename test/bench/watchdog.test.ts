import { expect } from 'chai';
import { Watchdog } from '../../bench/peers/watchdog.js';

/** A watchdog on a clock that stands still until it is set. */
const onClock = () => {
  const clock = { now: 1000 };
  return { clock, watchdog: new Watchdog(() => clock.now) };
};

describe('what is waited for', () => {
  it('is reached with the last arrival, at its time', async () => {
    const { watchdog } = onClock();
    const milestone = watchdog.expect(3, 100);
    for (const at of [1001, 1002, 1007]) milestone.arrive(at);
    expect(await milestone.reached).to.equal(1007);
    expect(watchdog.pending).to.equal(0);
  });

  it('is given up after its deadline, and not before', async () => {
    const { watchdog } = onClock();
    const milestone = watchdog.expect(2, 100);
    milestone.arrive(1001);
    watchdog.lookAt(1100);
    expect(watchdog.pending).to.equal(1);
    watchdog.lookAt(1101);
    expect(watchdog.pending).to.equal(0);
    // Too late now.
    milestone.arrive(1102);
    expect(await milestone.reached).to.equal(undefined);
  });

  it('is not reached by an arrival behind the deadline, even if nobody has looked', async () => {
    const { watchdog } = onClock();
    const milestone = watchdog.expect(1, 100);
    milestone.arrive(1101);
    expect(await milestone.reached).to.equal(undefined);
  });

  it('tells of each arrival that counts', async () => {
    const { watchdog } = onClock();
    const arrivals: number[] = [];
    const milestone = watchdog.expect(2, 100, (at) => arrivals.push(at));
    for (const at of [1001, 1002, 1003]) milestone.arrive(at);
    await milestone.reached;
    expect(arrivals).to.deep.equal([1001, 1002]);
  });

  it('is reached at once where nothing is missing', async () => {
    const { watchdog } = onClock();
    expect(await watchdog.expect(0, 100).reached).to.equal(1000);
    expect(watchdog.pending).to.equal(0);
  });

  it('has deadlines of its own each', async () => {
    const { clock, watchdog } = onClock();
    const first = watchdog.expect(1, 100);
    clock.now = 1050;
    const second = watchdog.expect(1, 100);
    watchdog.lookAt(1120);
    second.arrive(1121);
    expect([await first.reached, await second.reached]).to.deep.equal([undefined, 1121]);
  });

  it('is looked after by itself', async () => {
    // The only one that waits for real: for one look.
    expect(await new Watchdog().expect(1, 0).reached).to.equal(undefined);
  });
});
