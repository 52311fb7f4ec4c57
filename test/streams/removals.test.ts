import { expect } from 'chai';
import { Removals } from '../../src/streams/removals.js';
import { alice, bob, carol, nameOf } from '../../src/testing/index.js';

const at = (removals: Removals, now: number) => [...removals.at(now)].map(nameOf);

describe('Removals', () => {
  it('are remembered each for its own time', () => {
    const removals = new Removals();
    removals.remember([alice], 0, 10);
    removals.remember([bob], 5, 15);
    expect([9, 10, 14, 15].map((now) => at(removals, now))).to.deep.equal([['alice', 'bob'], ['bob'], ['bob'], []]);
  });

  it('last longer when they are made again', () => {
    const removals = new Removals();
    removals.remember([alice, bob], 0, 10);
    removals.remember([alice], 5, 15);
    expect(at(removals, 12)).to.deep.equal(['alice']);
  });

  it('hold nothing of what is over, however often something is removed', () => {
    const removals = new Removals();
    for (let now = 0; now < 1000; now++) {
      removals.remember([String(now), alice], now, now + 10);
      expect(removals.size).to.be.at.most(11);
    }
  });

  it('are forgotten when they are opened again', () => {
    const removals = new Removals();
    removals.remember([alice, bob], 0, 10);
    expect([removals.forget([carol]), removals.forget([alice, carol])]).to.deep.equal([false, true]);
    expect([at(removals, 0), removals.size]).to.deep.equal([['bob'], 1]);
  });
});
