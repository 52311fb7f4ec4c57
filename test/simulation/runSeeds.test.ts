import { expect } from 'chai';
import { runSeeds } from './runSeeds.js';
import type { SeedResult } from './worker.js';

describe('seeds in processes of their own', () => {
  it('are all run, and each is told of', async () => {
    const told: SeedResult[] = [];
    const { signal } = new AbortController();
    const seeds = { first: 12, seeds: 2, jobs: 2, isDescribing: true };
    const isWhole = await runSeeds(seeds, (result) => told.push(result), { stop: signal });
    expect(told.sort((a, b) => a.seed - b.seed)).to.deep.equal([{ seed: 12 }, { seed: 13 }]);
    expect(isWhole).to.equal(true);
  });
});
