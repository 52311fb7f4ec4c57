/** How much goes into one statement, or is done in one go, where it is not simply so many keys. */
export interface BatchSizes {
  /** Peers whose bindings are written in one statement. */
  readonly writeBindings: number;
  /** Peers whose bindings are read in one statement. */
  readonly readBindings: number;
  /** Pairs of peers asked for in one statement. */
  readonly pairs: number;
  /** Tunnels added and removed in one statement. */
  readonly tunnels: number;
  /** Own tunnels read in one statement. */
  readonly ownTunnels: number;
  /** Nodes of own rows read in one statement, and peers looked at in one go. */
  readonly chunk: number;
}

/**
 * All in proportion to the keys in one statement: each must end before its timeout, and leave time for others. Bindings
 * come in smaller portions: what is in an answer is told in one go, and while that of the first is, the database works
 * on the next; and what was just written is not to wait until all that was read is told. So do tunnels that are written,
 * which are told by the answer.
 *
 * @param maxBatchSize keys in one statement
 */
export const batchSizes = (maxBatchSize: number): BatchSizes => ({
  writeBindings: Math.ceil(maxBatchSize / 2),
  readBindings: Math.ceil(maxBatchSize / 5),
  pairs: 10 * maxBatchSize,
  tunnels: 4 * maxBatchSize,
  ownTunnels: 2 * maxBatchSize,
  chunk: Math.ceil(maxBatchSize / 2),
});
