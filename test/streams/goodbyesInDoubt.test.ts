import { expect } from 'chai';
import { GoodbyesInDoubt } from '../../src/streams/goodbyesInDoubt.js';
import { alice, bob, marbles } from '../../src/testing/index.js';
import { onTime } from './support/onTime.js';

describe('GoodbyesInDoubt', () => {
  it('has who says goodbye after a statement failed that opened tunnels of theirs, or before', () => {
    const doubts = new GoodbyesInDoubt();
    doubts.saidGoodbye(alice);
    expect(doubts.has(alice)).to.equal(false);
    doubts.openingFailed(alice, false);
    expect(doubts.has(alice)).to.equal(false);
    doubts.saidGoodbye(alice);
    doubts.openingFailed(bob, true);
    expect([alice, bob].map((src) => doubts.has(src))).to.deep.equal([true, true]);
  });

  it('has nobody who was lost since, until they say goodbye', () => {
    const doubts = new GoodbyesInDoubt();
    doubts.openingFailed(alice, true);
    doubts.wasLost(alice);
    expect(doubts.has(alice)).to.equal(false);
    doubts.saidGoodbye(alice);
    expect(doubts.has(alice)).to.equal(true);
  });

  it(
    'forgets everybody a minute after the last failure',
    marbles(
      ({ scheduler, expectObservable }) => {
        const doubts = new GoodbyesInDoubt();
        const at = onTime(scheduler);
        at(1_000, () => doubts.openingFailed(alice, true));
        at(50_000, () => doubts.openingFailed(bob, false));
        at(109_999, () => expect(doubts.has(alice)).to.equal(true));
        at(110_001, () => {
          doubts.saidGoodbye(bob);
          expect([alice, bob].map((src) => doubts.has(src))).to.deep.equal([false, false]);
        });
        expectObservable(doubts.forgotten$(scheduler), '^ 110s !').toBe('-');
      },
      { until: 111_000 },
    ),
  );
});
