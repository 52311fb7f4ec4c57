import { expect } from 'chai';
import { defaultTuning } from '../../src/index.js';
import { batchSizes } from '../../src/streams/batchSizes.js';

describe('batchSizes', () => {
  it('fit into the time of a statement with the default tuning', () => {
    const bindings = { writeBindings: 250, readBindings: 100 };
    const sizes = { ...bindings, pairs: 5_000, tunnels: 2_000, ownTunnels: 1_000, chunk: 250 };
    expect(batchSizes(defaultTuning.maxBatchSize)).to.deep.equal(sizes);
  });

  it('are never nothing', () => {
    expect(batchSizes(1)).to.deep.equal({
      ...{ writeBindings: 1, readBindings: 1, pairs: 10, tunnels: 4, ownTunnels: 2, chunk: 1 },
    });
  });
});
