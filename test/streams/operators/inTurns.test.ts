import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import { inTurns, inTurnsFromNow, workForOneTurn } from '../../../src/streams/operators/inTurns.js';

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
    expect(workForOneTurn(numbers(65).values(), work, scheduler, { milliseconds: 0 })).to.equal(false);
    expect(done).to.deep.equal(numbers(64));
    expect(workForOneTurn(numbers(63).values(), work, scheduler, { milliseconds: 0 })).to.equal(true);
  });

  it('looks at the clock as often as it is told to', () => {
    const { scheduler, done, work } = setUp(1.5);
    expect(workForOneTurn(numbers(5).values(), work, scheduler, { step: 1 })).to.equal(false);
    expect(done).to.deep.equal(numbers(3));
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

  it('works on nothing more when it is unsubscribed by the work itself', () => {
    const { scheduler, done, work } = setUp(0);
    const subscription = inTurns(
      numbers(300).values(),
      (item) => {
        work(item);
        if (item === 3) subscription.unsubscribe();
      },
      scheduler,
    ).subscribe();
    scheduler.flush();
    expect(done).to.deep.equal(numbers(4));
  });

  it('errors with what is thrown in whatever turn', () => {
    for (const culprit of [5, 200]) {
      const { scheduler, work } = setUp(0.05);
      const errors: unknown[] = [];
      inTurns(
        numbers(300).values(),
        (item) => {
          work(item);
          if (item === culprit) throw new Error(`at ${String(item)}`);
        },
        scheduler,
      ).subscribe({ error: (error: unknown) => errors.push(error) });
      scheduler.flush();
      expect(errors.map(String)).to.deep.equal([`Error: at ${String(culprit)}`]);
      expect(scheduler.actions).to.deep.equal([]);
    }
  });
});

describe('inTurnsFromNow', () => {
  it('begins when it is subscribed to, and is done at once where there is time', () => {
    const { scheduler, done, work } = setUp(0);
    const worked$ = inTurnsFromNow(numbers(300).values(), work, scheduler);
    expect(done).to.deep.equal([]);
    let isComplete = false;
    worked$.subscribe({ complete: () => (isComplete = true) });
    expect({ isComplete, done }).to.deep.equal({ isComplete: true, done: numbers(300) });
    expect(scheduler.actions).to.deep.equal([]);
  });

  it('goes on in later turns, looking at the clock as often as it is told to', () => {
    const { scheduler, done, work } = setUp(1.5);
    let isComplete = false;
    inTurnsFromNow(numbers(7).values(), work, scheduler, 1).subscribe({ complete: () => (isComplete = true) });
    expect(done).to.have.lengthOf(3);
    const [action] = scheduler.actions.splice(0);
    action?.execute(action.state as never, action.delay);
    expect({ isComplete, size: done.length }).to.deep.equal({ isComplete: false, size: 6 });
    scheduler.flush();
    expect({ isComplete, done }).to.deep.equal({ isComplete: true, done: numbers(7) });
  });
});
