import { expect } from 'chai';
import fc from 'fast-check';
import { RequestBudget } from '../../src/gateways/requestBudget.js';

describe('RequestBudget', () => {
  it('pays for a burst, then for no more', () => {
    const budget = new RequestBudget(10, 3, 0);
    expect([budget.spend(0), budget.spend(0), budget.spend(0), budget.spend(0)]).to.deep.equal([
      true,
      true,
      true,
      false,
    ]);
  });

  it('earns its rate', () => {
    const budget = new RequestBudget(10, 3, 0);
    for (let index = 0; index < 3; index++) budget.spend(0);
    expect(budget.spend(99)).to.equal(false);
    expect(budget.spend(300)).to.equal(true);
  });

  it('earns no more than the burst', () => {
    const budget = new RequestBudget(10, 3, 0);
    expect([1, 2, 3, 4].map(() => budget.spend(60_000))).to.deep.equal([true, true, true, false]);
  });

  it('waits until the debt is paid and a tenth of a second is saved', () => {
    const budget = new RequestBudget(100, 20, 0);
    for (let index = 0; index < 25; index++) budget.spend(0);
    // 5 to pay back and 10 to save, at 100 a second.
    expect(budget.wait(0)).to.equal(150);
    expect(budget.wait(100)).to.equal(50);
    expect(budget.wait(150)).to.equal(0);
  });

  it('never waits with an infinite rate', () => {
    const budget = new RequestBudget(Infinity, 1, 0);
    budget.spend(0);
    budget.spend(0);
    expect(budget.wait(1)).to.equal(0);
  });

  it('earns nothing from a clock that is set back, and goes on from there', () => {
    const budget = new RequestBudget(10, 1, 10_000);
    expect(budget.spend(5000)).to.equal(true);
    expect(budget.spend(5000)).to.equal(false);
    expect(budget.spend(5300)).to.equal(true);
  });

  it('lets nobody exceed burst + rate, who stops when told and waits as long as told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 50 }), (rate, burst) => {
        const budget = new RequestBudget(rate, burst, 0);
        let now = 0;
        let spent = 0;
        while (now < 10_000) {
          spent++;
          if (!budget.spend(now)) now += budget.wait(now);
        }
        // One more for the message that went over, one for rounding.
        expect(spent).to.be.at.most(burst + (rate * now) / 1000 + 2);
      }),
    );
  });
});
