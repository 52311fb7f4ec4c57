import { expect } from 'chai';
import { draftPlan } from './draftPlan.js';
import { countSteps, shorten } from './shorten.js';

describe('a shortened plan', () => {
  it('has no phases in which nothing is left, unless it needs them to fail', () => {
    const plan = draftPlan(2);
    const isLeft = ({ phases }: typeof plan) => phases.flat().some(({ do: what }) => what === 'publish');
    const needsAll = shorten(plan, (shorter) => shorter.phases.length === plan.phases.length && isLeft(shorter));
    expect([needsAll.phases.length, countSteps(needsAll)]).to.deep.equal([3, 1]);
    // Without any phase it fails only once hardly anything is left.
    const needsNone = shorten(plan, (shorter) => {
      return isLeft(shorter) && (shorter.phases.length === plan.phases.length || countSteps(shorter) === 1);
    });
    expect([needsNone.phases.length, countSteps(needsNone)]).to.deep.equal([1, 1]);
  });
});
