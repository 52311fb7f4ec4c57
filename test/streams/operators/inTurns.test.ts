import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import { inTurns, workForOneTurn } from '../../../src/streams/operators/inTurns.js';

/** A number is worked on in so many milliseconds. */
const setUp = (takes: number) => {
  const scheduler = new VirtualTimeScheduler();
  let spent = 0;
  scheduler.now = () => scheduler.frame + spent;
  const done: number[] = [];
  const work = (item: number): void => {
    spent += takes;
    done.push(item);
  };
  return { scheduler, done, work };
};

const numbers = (size: number): readonly number[] => Array.from({ length: size }, (_, index) => index);

describe('workForOneTurn', () => {
  it('works on all for which there is time, in their order', () => {
    const { scheduler, done, work } = setUp(0.005);
    expect(workForOneTurn(numbers(500).values(), work, scheduler)).to.equal(true);
    expect(done).to.deep.equal(numbers(500));
  });

  it('looks at the clock after 64, and leaves the others when 4 ms are over', () => {
    const { scheduler, done, work } = setUp(0.05);
    const items = numbers(150).values();
    expect(workForOneTurn(items, work, scheduler)).to.equal(false);
    expect(done).to.deep.equal(numbers(128));
    expect(workForOneTurn(items, work, scheduler)).to.equal(true);
    expect(done).to.deep.equal(numbers(150));
  });

  it('works on 64 although there is no time', () => {
    const { scheduler, done, work } = setUp(0);
    expect(workForOneTurn(numbers(65).values(), work, scheduler, 0)).to.equal(false);
    expect(done).to.deep.equal(numbers(64));
    expect(workForOneTurn(numbers(63).values(), work, scheduler, 0)).to.equal(true);
  });

  it('goes on when the clock is set back meanwhile', () => {
    const { scheduler, done, work } = setUp(-1000);
    expect(workForOneTurn(numbers(500).values(), work, scheduler)).to.equal(true);
    expect(done).to.have.lengthOf(500);
  });
});

describe('inTurns', () => {
  it('works on all, a turn at a time, beginning in the next one, and completes', () => {
    const { scheduler, done, work } = setUp(0.05);
    let isComplete = false;
    inTurns(numbers(300).values(), work, scheduler).subscribe({ complete: () => (isComplete = true) });
    const turns = [done.length];
    for (let action = scheduler.actions.shift(); action !== undefined; action = scheduler.actions.shift()) {
      expect(isComplete).to.equal(false);
      action.execute(action.state as never, action.delay);
      turns.push(done.length);
    }
    expect(turns).to.deep.equal([0, 128, 256, 300]);
    expect(isComplete).to.equal(true);
  });

  it('leaves nothing scheduled when it is unsubscribed in the middle', () => {
    const { scheduler, done, work } = setUp(1);
    const subscription = inTurns(numbers(300).values(), work, scheduler).subscribe();
    const [action] = scheduler.actions.splice(0);
    action?.execute(action.state as never, action.delay);
    expect(scheduler.actions).to.have.lengthOf(1);
    subscription.unsubscribe();
    expect(scheduler.actions).to.deep.equal([]);
    expect(done).to.have.lengthOf(64);
  });
});
