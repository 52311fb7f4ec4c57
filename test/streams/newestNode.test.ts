import { expect } from 'chai';
import type { Binding } from '../../src/db/store.js';
import { newestNode } from '../../src/streams/newestNode.js';
import { aNode, alice, north, south, west } from '../../src/testing/index.js';

const binding = (derp: number, updatedAt: number, more: Partial<Binding> = {}): Binding => ({
  ...{ peerId: alice, coordinatorId: north, updatedAt, status: 'ok', node: Uint8Array.of(derp) },
  ...more,
});

/** A node is one byte, its relay region; 0 cannot be decoded. */
const decode = ({ node: [derp = 0] }: Binding) => (derp === 0 ? undefined : aNode({ derp }));
const newest = (...bindings: readonly Binding[]) => newestNode(bindings, decode)?.preferredDerp;

describe('newestNode', () => {
  it('is none where there are no bindings', () => {
    expect(newest()).to.equal(undefined);
  });

  it('is the one that was written last, in whatever order they come', () => {
    expect(newest(binding(1, 10), binding(2, 30), binding(3, 20))).to.equal(2);
    expect(newest(binding(2, 30), binding(1, 10))).to.equal(2);
    expect(newest(binding(1, 9), binding(2, 10))).to.equal(2);
  });

  it('may be of a peer that is lost', () => {
    expect(newest(binding(1, 10), binding(2, 20, { status: 'lost', coordinatorId: south }))).to.equal(2);
  });

  it('is the newest of those that can be decoded', () => {
    expect(
      newest(binding(1, 10), binding(2, 20, { coordinatorId: south }), binding(0, 30, { coordinatorId: west })),
    ).to.equal(2);
    expect(newest(binding(0, 30), binding(0, 20))).to.equal(undefined);
  });

  it('leaves the bindings in their order', () => {
    const bindings = Object.freeze([binding(1, 10), binding(2, 20)]);
    expect(newestNode(bindings, decode)?.preferredDerp).to.equal(2);
  });
});
