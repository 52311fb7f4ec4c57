import { expect } from 'chai';
import { interval, timer } from 'rxjs';
import { createSimulatedTime } from './simulatedTime.js';

const setUp = () => {
  const time = createSimulatedTime();
  const start = time.now();
  const seen: string[] = [];
  const see = (what: string) => () => {
    seen.push(`${String(time.now() - start)} ${what}`);
  };
  return { time, seen, see, until: (milliseconds: number) => time.passUntil(start + milliseconds) };
};

describe('simulated time', () => {
  it('lets happen what is due, in order, and what is due together as it was asked for', () => {
    const { time, seen, see, until } = setUp();
    time.schedule(see('c'), 20);
    time.schedule(see('a'), 10);
    time.schedule(see('b'), 10);
    until(19);
    expect(seen).to.deep.equal(['10 a', '10 b']);
    until(20);
    expect(seen).to.deep.equal(['10 a', '10 b', '20 c']);
  });

  it('carries the timers of RxJS, and forgets those that are taken back', () => {
    const { time, seen, see, until } = setUp();
    const process = time.createProcess();
    const ticks = interval(10, process.scheduler).subscribe(see('tick'));
    timer(25, process.scheduler).subscribe(() => ticks.unsubscribe());
    until(100);
    expect(seen).to.deep.equal(['10 tick', '20 tick']);
    expect(process.timers).to.equal(0);
  });

  for (const [first, order] of [
    ['timers', ['30 timer', '30 input', '30 later input']],
    ['inputs', ['30 input', '30 later input', '30 timer']],
  ] as const) {
    it(`lets a process stand still, and go on with its ${first} first`, () => {
      const { time, seen, see, until } = setUp();
      const process = time.createProcess();
      process.scheduler.schedule(see('timer'), 10);
      process.pause();
      process.receive(see('input'));
      process.receive(see('later input'));
      until(30);
      expect(seen).to.deep.equal([]);
      process.resume(first);
      expect(seen).to.deep.equal(order);
    });
  }

  it('ends a process for good', () => {
    const { time, seen, see, until } = setUp();
    const process = time.createProcess();
    process.scheduler.schedule(see('timer'), 10);
    process.kill();
    process.receive(see('input'));
    process.resume('timers');
    until(30);
    expect(seen).to.deep.equal([]);
  });

  it('gives each process a clock that may be wrong, and be set', () => {
    const { time } = setUp();
    const process = time.createProcess(500);
    process.setClock(-800);
    expect(process.scheduler.now() - time.now()).to.equal(-300);
  });
});
