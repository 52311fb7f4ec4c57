import { expect } from 'chai';
import { VirtualTimeScheduler } from 'rxjs';
import { WriteDeadline } from '../../../src/gateways/legacy/writeDeadline.js';

/** What happens at which time, given what is done at which time. */
const play = (steps: readonly (readonly [number, 'begin' | 'done' | 'cancel'])[]): readonly number[] => {
  const scheduler = new VirtualTimeScheduler();
  const missed: number[] = [];
  const deadline = new WriteDeadline(10, scheduler, () => missed.push(scheduler.now()));
  for (const [time, step] of steps) scheduler.schedule(() => deadline[step](), time);
  scheduler.flush();
  return missed;
};

describe('WriteDeadline', () => {
  it('is missed by a write that takes longer', () => {
    expect(play([[5, 'begin']])).to.deep.equal([15]);
  });

  it('is not missed by writes that are taken in time, however many', () => {
    const steps = Array.from({ length: 5 }, (_, index) => [
      [index * 9, 'begin'] as const,
      [index * 9 + 9, 'done'] as const,
    ]).flat();
    expect(play(steps)).to.deep.equal([]);
  });

  it('is counted anew for a write behind another one, from when that is done', () => {
    const both = [
      [0, 'begin'],
      [1, 'begin'],
      [9, 'done'],
    ] as const;
    expect(play(both)).to.deep.equal([19]);
    expect(play([...both, [18, 'done']])).to.deep.equal([]);
  });

  it('is missed by nobody after it was cancelled', () => {
    expect(
      play([
        [0, 'begin'],
        [9, 'cancel'],
      ]),
    ).to.deep.equal([]);
  });

  it('knows whether something is being written', () => {
    const deadline = new WriteDeadline(10, new VirtualTimeScheduler(), () => undefined);
    const states = [deadline.isWriting];
    for (const step of ['begin', 'begin', 'done', 'done'] as const) {
      deadline[step]();
      states.push(deadline.isWriting);
    }
    expect(states).to.deep.equal([false, true, true, true, false]);
  });
});
