/** The entries of a list of revocations, as far as they count. */
export interface RevokedEntries {
  /** What was in the list when it was last read. */
  readonly listed: ReadonlySet<string>;
  /** What was in it before, and until when it counts nevertheless. */
  readonly missing: ReadonlyMap<string, number>;
}

/** Whether an entry counts at a time. */
export function counts({ listed, missing }: RevokedEntries, entry: string, now: number): boolean {
  return listed.has(entry) || now < (missing.get(entry) ?? -Infinity);
}

/**
 * The entries once `listed` was read: what is listed counts, and what is missing counts until `until`, unless an earlier
 * end was set when it was first missing. Those whose end has come are dropped.
 */
export function afterReading(
  before: RevokedEntries,
  listed: ReadonlySet<string>,
  until: number,
  now: number,
): RevokedEntries {
  const missing = new Map(before.missing);
  for (const entry of before.listed) missing.set(entry, until);
  for (const [entry, end] of missing) {
    if (listed.has(entry) || end <= now) missing.delete(entry);
  }
  return { listed, missing };
}

/** Whether the same entries count, be they listed or missing. */
export function sameEntries(one: RevokedEntries, other: RevokedEntries): boolean {
  const [mine, others] = [one, other].map(({ listed, missing }) => new Set([...listed, ...missing.keys()]));
  return mine?.size === others?.size && [...(mine ?? [])].every((entry) => others?.has(entry));
}
