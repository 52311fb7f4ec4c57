import { inspect } from 'node:util';
import { describeUpdates, isResponse } from '../describeUpdates.js';

/** A value in a failure: responses in words, bytes in hexadecimal, everything else as Node.js shows it. */
export const describeValue = (value: unknown): string => {
  if (isResponse(value)) return describeUpdates(value).join(', ') || 'an empty response';
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`;
  return inspect(value, { depth: 8, breakLength: 100, maxArrayLength: 50 });
};
