import { expect } from 'chai';
import { ToldHints } from '../../src/streams/toldHints.js';
import { alice, bob } from '../../src/testing/index.js';

describe('told hints', () => {
  it('are one hint each, by one sender, about one peer', () => {
    const told = new ToldHints();
    told.expect(1, alice);
    told.expect(1, alice);
    told.expect(1, bob);
    told.expect(2, bob);
    expect(told.size).to.equal(3);
    expect(told.take(2, alice)).to.equal(false);
    expect(told.take(1, alice)).to.equal(true);
    expect(told.take(1, alice)).to.equal(false);
    expect(told.take(2, bob)).to.equal(true);
    expect(told.take(1, bob)).to.equal(true);
    expect(told.size).to.equal(0);
  });

  it('are none where nobody knows who says what', () => {
    const told = new ToldHints();
    told.expect(undefined, alice);
    expect(told.size).to.equal(0);
    expect(told.take(undefined, alice)).to.equal(false);
  });

  it('are forgotten, the oldest first, where they never come', () => {
    const told = new ToldHints();
    for (let sender = 0; sender < 1000; sender++) told.expect(sender, alice);
    expect(told.size).to.equal(64);
    expect(told.take(999, alice)).to.equal(true);
    expect(told.take(935, alice)).to.equal(false);
  });

  it('are no more when a sender has said something later, or all of them may have been missed', () => {
    const told = new ToldHints();
    for (const sender of [1, 2]) told.expect(sender, alice);
    told.forgetSender(1);
    told.forgetSender(undefined);
    expect(told.take(1, alice)).to.equal(false);
    expect(told.take(2, alice)).to.equal(true);
    told.expect(1, alice);
    told.clear();
    expect(told.take(1, alice)).to.equal(false);
  });
});
