import { expect } from 'chai';
import { GoodbyesInDoubt } from '../../src/streams/goodbyesInDoubt.js';
import { alice, bob, marbles } from '../../src/testing/index.js';
import { onTime } from './support/onTime.js';

describe('GoodbyesInDoubt', () => {
  it('has who says goodbye after a statement failed that opened tunnels of theirs, or before', () => {
    const doubts = new GoodbyesInDoubt();
    doubts.ended(alice, true);
    expect([doubts.has(alice), doubts.concerns(alice)]).to.deep.equal([false, false]);
    doubts.failed(alice, false);
    expect([doubts.has(alice), doubts.concerns(alice)]).to.deep.equal([false, true]);
    doubts.ended(alice, true);
    doubts.failed(bob, true);
    expect([alice, bob].map((src) => doubts.has(src))).to.deep.equal([true, true]);
  });

  it('has nobody who was lost since, until they say goodbye', () => {
    const doubts = new GoodbyesInDoubt();
    doubts.failed(alice, true);
    doubts.ended(alice, false);
    expect(doubts.has(alice)).to.equal(false);
    doubts.ended(alice, true);
    expect(doubts.has(alice)).to.equal(true);
  });

  it(
    'forgets each one or two minutes after its last failure, however many fail meanwhile, and begins anew',
    marbles(
      ({ scheduler, expectObservable }) => {
        const doubts = new GoodbyesInDoubt();
        const at = onTime(scheduler);
        const inDoubt = () => [alice, bob].filter((src) => doubts.has(src));
        at(1_000, () => {
          doubts.failed(alice, true);
        });
        at(50_000, () => {
          doubts.failed(bob, true);
        });
        at(62_000, () => {
          // Of what was remembered before, too, it is the last word that counts.
          doubts.ended(bob, false);
          expect(inDoubt()).to.deep.equal([alice]);
          doubts.failed(bob, true);
        });
        at(120_999, () => expect(inDoubt()).to.deep.equal([alice, bob]));
        at(121_001, () => expect(inDoubt()).to.deep.equal([bob]));
        at(180_999, () => expect(inDoubt()).to.deep.equal([bob]));
        at(181_001, () => {
          expect(inDoubt()).to.deep.equal([]);
          expect(doubts.concerns(bob)).to.equal(false);
        });
        at(400_000, () => {
          doubts.failed(alice, true);
        });
        at(519_999, () => expect(inDoubt()).to.deep.equal([alice]));
        at(520_001, () => expect(inDoubt()).to.deep.equal([]));
        expectObservable(doubts.forgotten$(scheduler), '^ 530s !').toBe('-');
      },
      { until: 531_000 },
    ),
  );
});
