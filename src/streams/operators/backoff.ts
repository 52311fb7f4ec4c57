/** How long to wait between attempts. Times are milliseconds. */
export interface Backoff {
  /** The first wait. */
  readonly initial: number;
  /** The longest wait, before randomisation. */
  readonly max: number;
  /** A number from 0 up to, but without, 1. */
  readonly random: () => number;
}

const multiplier = 1.5;
const randomisation = 0.5;

/**
 * The wait after the `attempt`th failure (1, 2, …): 1.5 times the one before, up to the longest, ± 50 %, so that many
 * who failed together do not come back together. The figures are those of the reference system.
 */
export const backoffDelay = (attempt: number, { initial, max, random }: Backoff): number =>
  Math.min(initial * multiplier ** (attempt - 1), max) * (1 - randomisation + 2 * randomisation * random());
