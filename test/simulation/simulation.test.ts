import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { draftPlan } from './draftPlan.js';
import { mutants } from './mutants/mutants.js';
import { describeFailure, failureOf } from './report.js';
import { countSteps, shorten } from './shorten.js';
import { simulate } from './simulate.js';

/** Seeds that are run with every test; `npm run simulate -- --seeds 100000` runs as many as one likes. */
const seeds = 200;
const perTest = 25;

describe('the whole system, simulated', function () {
  this.timeout(120_000);

  for (let first = 1; first <= seeds; first += perTest) {
    it(`keeps every invariant, whatever happens (seeds ${String(first)} to ${String(first + perTest - 1)})`, () => {
      for (let seed = first; seed < first + perTest; seed++) {
        const failure = failureOf(seed);
        if (failure !== undefined) expect.fail(describeFailure(failure));
      }
    });
  }

  it('is the same each time, to the last line of what happens', () => {
    const run = () => simulate(draftPlan(7), { isTracing: true }).log;
    expect(run()).to.have.length.greaterThan(100).and.to.deep.equal(run());
  });

  it('is different with each seed', () => {
    expect(draftPlan(1)).not.to.deep.equal(draftPlan(2));
  });

  it('shortens a plan to what it needs to fail', () => {
    const plan = draftPlan(3);
    const needed = plan.phases.flat().filter(({ do: what }) => what === 'publish').length;
    const fails = ({ phases }: typeof plan) => phases.flat().filter(({ do: what }) => what === 'publish').length >= 2;
    expect(needed).to.be.greaterThan(2);
    const shortest = shorten(plan, fails);
    expect(fails(shortest)).to.equal(true);
    expect(countSteps(shortest)).to.equal(2);
  });

  it('tries no more plans than it may', () => {
    let tries = 0;
    shorten(draftPlan(3), () => (tries += 1) < 0, 20);
    expect(tries).to.equal(20);
  });
});

describe('the mutants of the core', () => {
  it('are at least twelve, each with a name and a reason of its own', () => {
    expect(new Set(mutants.map(({ name }) => name)).size)
      .to.equal(mutants.length)
      .and.to.be.at.least(12);
    expect(mutants.filter(({ why }) => why === '')).to.deep.equal([]);
  });

  for (const { name, file, find } of mutants) {
    it(`"${name}" finds its text once`, () => {
      const source = readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8');
      expect(source.split(find)).to.have.lengthOf(2);
    });
  }
});
