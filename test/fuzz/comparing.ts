import assert from 'node:assert/strict';
import { encodeNode, sameEncodedNode } from '../../src/proto/index.js';
import { decodeNode } from '../../src/proto/node.js';
import { holdBytes, sameNodeBytes } from '../../src/proto/nodeBytes.js';
import { nodes } from './seeds.js';
import type { Target } from './target.js';
import { judge } from './wellFormed.js';

/** Two encoded nodes in one input: the first two bytes say how long the first one is. */
const inTwo = (input: Buffer): readonly [Buffer, Buffer] => {
  const start = Math.min(2, input.length);
  const middle = start + (start === 2 ? input.readUInt16BE(0) : 0);
  return [input.subarray(start, middle), input.subarray(middle)];
};

const inOne = (a: Buffer, b: Buffer): Buffer => Buffer.concat([Buffer.of(a.length >> 8, a.length & 255), a, b]);

/**
 * The comparison of held bytes, which mostly does not decode them: never "the same" where the decoder says otherwise, and
 * of what an encoder of ours wrote exactly what the decoder says. Here, too: what the decoder takes is what may be taken.
 */
export const comparing: Target = {
  name: 'comparing',
  seeds: nodes.flatMap((a) => nodes.map((b) => inOne(a, b))),
  check: (input) => {
    const [a, b] = inTwo(input);
    if (sameNodeBytes(holdBytes(a), holdBytes(b))) assert.ok(sameEncodedNode(a, b), 'the same only at first sight');
    const [mine, theirs] = [written(a), written(b)];
    if (mine === undefined || theirs === undefined) return;
    const same = sameEncodedNode(mine, theirs);
    assert.equal(sameNodeBytes(holdBytes(mine), holdBytes(theirs)), same);
    assert.equal(sameNodeBytes(holdBytes(theirs), holdBytes(mine)), same);
    assert.ok(sameNodeBytes(holdBytes(mine), holdBytes(written(mine) ?? Buffer.alloc(0))));
  },
};

/** As our encoder writes it; undefined if it is no node. */
const written = (bytes: Uint8Array): Uint8Array | undefined => {
  try {
    const node = decodeNode(bytes);
    assert.ok(judge(bytes, 'Node').isMessage, 'taken, though it is no node');
    return encodeNode(node);
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
    assert.ok(!judge(bytes, 'Node').isMessage, `refused, though it is a node: ${String(error)}`);
    return undefined;
  }
};
