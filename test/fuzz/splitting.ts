import assert from 'node:assert/strict';
import { ObjectSplitter } from '../../src/gateways/legacy/objectSplitter.js';
import { nodeFromV1, nodeToV1 } from '../../src/gateways/legacy/v1Node.js';
import { JsonError } from '../../src/proto/index.js';
import { v1Nodes } from './seeds.js';
import type { Target } from './target.js';

/** More than an input has, mostly. */
const maxSize = 1_000;

/**
 * A stream of V1: whatever its chunks, the same objects are found in it, and it breaks in the same place. Each of them is
 * refused with an error that says why, or read, written and read again as the same.
 */
export const splitting: Target = {
  name: 'splitting',
  seeds: v1Nodes,
  check: (input) => {
    const whole = split(input, input.length);
    for (const size of [1, 2, 7]) assert.deepEqual(split(input, size), whole, `in chunks of ${String(size)} bytes`);
    const text = input.toString('utf8');
    if (input.length <= maxSize && isObject(text)) assert.deepEqual(whole.objects, [text.trim()]);
    for (const object of whole.objects) checkObject(object);
  },
};

interface Found {
  readonly objects: readonly string[];
  /** Not why: which of two reasons is found first depends on the chunks. */
  readonly isBroken: boolean;
  readonly isWithinObject: boolean;
}

const split = (input: Buffer, size: number): Found => {
  const splitter = new ObjectSplitter(maxSize);
  const objects: string[] = [];
  for (let start = 0; start < input.length; start += size) {
    splitter.push(input.subarray(start, start + size));
    for (let object = splitter.next(); object !== undefined; object = splitter.next()) {
      assert.ok(object.length <= maxSize, 'an object that is too large');
      objects.push(object.toString('utf8'));
    }
  }
  const { problem, isWithinObject } = splitter;
  return { objects, isBroken: problem !== undefined, isWithinObject };
};

/** Whether all of it is one object, as another parser sees it. */
const isObject = (text: string): boolean => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
};

const checkObject = (text: string): void => {
  const written = rewritten(text);
  // What has no words in V1, such as an address that is none, is not sent.
  if (written !== undefined) assert.equal(rewritten(written), written);
};

const rewritten = (text: string): string | undefined => {
  try {
    return nodeToV1(nodeFromV1(text));
  } catch (error) {
    assert.ok(error instanceof JsonError || error instanceof SyntaxError || error instanceof TypeError, String(error));
    assert.ok(
      error.constructor !== TypeError || error.message.startsWith('a node') || error.message.includes('must be'),
    );
    return undefined;
  }
};
