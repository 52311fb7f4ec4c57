import { median } from '../../bench/report/median.js';

/** By how much a figure may be higher in the end than in the middle: a share of it, and so much besides. */
export interface Margin {
  readonly share: number;
  readonly besides: number;
}

export interface Flatness {
  /** `unjudged`: too few values to tell. */
  readonly verdict: 'flat' | 'rising' | 'unjudged';
  /** The medians of the second and of the last third. */
  readonly middle: number | undefined;
  readonly end: number | undefined;
  /** What the end must not be above. */
  readonly limit: number | undefined;
}

/** Fewer values than these, three in a third, are too few to tell. */
const fewest = 9;

/**
 * Whether a figure stays where it is, given its values in order: the median of the last third is not above the median of
 * the second third by more than a margin. The first third is for warming up, and a median cares for no single value.
 */
export const flatness = (values: readonly number[], { share, besides }: Margin): Flatness => {
  const third = Math.floor(values.length / 3);
  const middle = median(values.slice(-2 * third, -third || undefined));
  const end = median(values.slice(-third || undefined));
  if (values.length < fewest || middle === undefined || end === undefined) {
    return { verdict: 'unjudged', middle, end, limit: undefined };
  }
  const limit = middle * (1 + share) + besides;
  return { verdict: end > limit ? 'rising' : 'flat', middle, end, limit };
};
