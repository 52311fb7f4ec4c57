/** Chance that can be had again: the same seed, the same draws. */
export interface Chance {
  /** A number from 0 up to, but without, 1. */
  (): number;
  /** A whole number from 0 up to, but without, `limit`. */
  below(limit: number): number;
  /** One of these; they must not be empty. */
  oneOf<T>(items: readonly T[]): T;
}

/** `mulberry32`: small, fast, and good enough to play with. */
export const chance = (seed: number): Chance => {
  let state = seed >>> 0;
  const draw = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number): number => Math.floor(draw() * limit);
  return Object.assign(draw, {
    below,
    oneOf: <T>(items: readonly T[]): T => {
      const item = items[below(items.length)];
      if (item === undefined) throw new RangeError('there is nothing to choose from');
      return item;
    },
  });
};
