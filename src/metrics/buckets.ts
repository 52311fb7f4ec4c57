/** Seconds: from what a statement takes in the same rack to what nobody waits for any more. */
export const secondsBuckets: readonly number[] = [
  ...[0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05],
  ...[0.1, 0.25, 0.5, 1, 2.5, 5, 10],
];

/** Keys in one batch: 500 is the most by default, and there are more tunnels than that in one statement. */
export const keysBuckets: readonly number[] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];
