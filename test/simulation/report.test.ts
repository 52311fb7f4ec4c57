import { expect } from 'chai';
import { aPlan } from './aPlan.js';
import type { Plan } from './plan.js';
import { describeFailure, describeViolations } from './report.js';
import type { Outcome } from './simulate.js';

const plan = aPlan({ phases: [[{ at: 5, do: 'connect', peer: 0, to: 0, node: 'new', tunnels: [] }]] });

const failed = (times: number): Outcome => ({
  ...{ plan, log: [] },
  violations: Array.from({ length: times }, (_, index) => ({ at: index, invariant: 'newest last', what: 'peer 1' })),
});

describe('the report of a failing seed', () => {
  it('says what did not hold, how to see it again, and where the shortened plan is', () => {
    const kept: [Plan, string][] = [];
    const keep = (shortest: Plan, name: string): string => {
      kept.push([shortest, name]);
      return 'a/file.json';
    };
    const lines = describeFailure(failed(1), keep).split('\n');
    expect(lines.slice(0, 5)).to.deep.equal([
      'seed 7: 1 thing did not hold',
      '  at 0.0 ms, newest last: peer 1',
      'again, with all that happens: npm run simulate -- --seed 7 --trace',
      'shortened from 1 step to 1: npm run simulate -- --plan a/file.json --trace',
      '  seed          7',
    ]);
    expect(lines.some((line) => /^ {10}\d+\.\d connect peer=0/.test(line))).to.equal(true);
    // Nothing fails in truth, so nothing can be left out.
    expect(kept).to.deep.equal([[plan, 'seed-7']]);
  });

  it('says so when the plan cannot be kept', () => {
    const text = describeFailure(failed(1), () => {
      throw new Error('the disk is full');
    });
    expect(text).to.contain('shortened from 1 step to 1: it could not be kept: the disk is full\n');
  });

  it('lists the first five things, and says how many more there are', () => {
    const lines = describeViolations(failed(7), 'seed 7');
    expect(lines).to.have.lengthOf(7);
    expect([lines[0], lines[6]]).to.deep.equal(['seed 7: 7 things did not hold', '  and 2 more']);
  });
});
