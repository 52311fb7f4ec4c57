/** Node.js and browsers count their timers in 31 bits: one that is longer ends at once. */
export const longestTimer = 2 ** 31 - 1;

/**
 * Checks a number of milliseconds that somebody gave.
 *
 * @throws RangeError `lostGrace: -1 is no number of milliseconds from 0`, `silence: Infinity is no number of milliseconds from 1 to 2147483647`
 */
export function milliseconds(option: string, value: number, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  const range = max === Infinity ? `from ${String(min)}` : `from ${String(min)} to ${String(max)}`;
  throw new RangeError(`${option}: ${String(value)} is no number of milliseconds ${range}`);
}
