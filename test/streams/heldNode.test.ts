import { expect } from 'chai';
import fc from 'fast-check';
import { decodeNode, encodeNode } from '../../src/proto/node.js';
import { holdBytes, holdNode, sameNodeBytes } from '../../src/proto/nodeBytes.js';
import { HeldNode } from '../../src/streams/heldNode.js';
import { aNode, bob } from '../../src/testing/index.js';
import { heldNode } from './support/heldNode.js';
import { untilCollected } from './support/heldKeys.js';

describe('HeldNode', () => {
  it('hands out the decoded node that it was made with, to everybody, and lets nobody change it', () => {
    const node = decodeNode(encodeNode(aNode({ of: bob, derp: 3 })));
    const held = new HeldNode(holdNode(node), node);
    expect(held.decoded).to.equal(node);
    expect(held.decoded).to.equal(node);
    expect(() => (held.decoded.preferredDerp = 4)).to.throw(TypeError);
    expect(held.bytes).to.equal(holdNode(aNode({ of: bob, derp: 3 })));
  });

  it('holds nothing but the bytes, and decodes them again for who asks after everybody has let go', async () => {
    const original = aNode({ of: bob, derp: 3, endpoints: ['192.0.2.1:41641'] });
    const made = (): readonly [HeldNode, WeakRef<object>] => {
      const held = heldNode(original);
      return [held, new WeakRef(held.decoded)];
    };
    const [held, first] = made();
    await untilCollected(() => first.deref() === undefined);
    expect(first.deref() === undefined, 'collected').to.equal(true);

    const again = held.decoded;
    expect(again).to.deep.equal(decodeNode(encodeNode(original)));
    expect(Object.isFrozen(again)).to.equal(true);
    expect(held.decoded, 'the same for all who ask').to.equal(again);
  });

  it('is the same as itself and as one that differs in when it was composed, and as no other', () => {
    const held = heldNode(aNode({ of: bob, derp: 1 }));
    expect(held.isSameAs(held)).to.equal(true);
    expect(held.isSameAs(heldNode(aNode({ of: bob, derp: 1 })))).to.equal(true);
    expect(held.isSameAs(heldNode(aNode({ of: bob, derp: 1, asOf: { seconds: 5n, nanos: 0 } })))).to.equal(true);
    expect(held.isSameAs(heldNode(aNode({ of: bob, derp: 2 })))).to.equal(false);
  });

  it('is the same as one whose bytes hold no node only with equal bytes', () => {
    const broken = () => new HeldNode(holdBytes(Uint8Array.of(255)), aNode());
    expect(broken().isSameAs(broken())).to.equal(true);
    expect(broken().isSameAs(heldNode(aNode()))).to.equal(false);
  });

  it('gives each comparison its own answer, in whatever order they are asked, again and again', () => {
    const nodes = [1, 1, 2, 2, 3].map((derp, index) =>
      heldNode(aNode({ of: bob, derp, asOf: { seconds: BigInt(index), nanos: 0 } })),
    );
    const any = fc.constantFrom(...nodes);
    fc.assert(
      fc.property(fc.array(fc.tuple(any, any), { maxLength: 20, size: 'max' }), (comparisons) => {
        for (const [a, b] of comparisons) expect(a.isSameAs(b)).to.equal(sameNodeBytes(a.bytes, b.bytes));
      }),
    );
  });
});
