import assert from 'node:assert/strict';
import { JsonError, requestFromJson, requestToJson, type CoordinateRequest } from '../../src/proto/index.js';
import { jsonRequests } from './seeds.js';
import type { Target } from './target.js';

/** Requests in JSON: refused with the one error, or read, written and read again as the same. */
export const reading: Target = {
  name: 'reading',
  seeds: jsonRequests,
  check: (input) => {
    const request = read(input.toString('utf8'));
    if (request === undefined) return;
    const text = requestToJson(request);
    const again = read(text);
    assert.ok(again !== undefined, 'written so that it cannot be read');
    assert.equal(requestToJson(again), text);
  },
};

const read = (text: string): CoordinateRequest | undefined => {
  try {
    return requestFromJson(text);
  } catch (error) {
    assert.ok(error instanceof JsonError, String(error));
    return undefined;
  }
};
