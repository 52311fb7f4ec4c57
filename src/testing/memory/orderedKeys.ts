/** Text keys that can be read in order, page by page. */
export interface OrderedKeys extends Iterable<string> {
  readonly size: number;
  add(key: string): void;
  delete(key: string): void;
  /** Up to `limit` keys above `after`, ascending. */
  page(after: string | undefined, limit: number): readonly string[];
}

/**
 * Sorts when a page is read and keys came or went since the last one: writes stay cheap, and reading all pages of keys
 * that hold still sorts once.
 */
export const orderedKeys = (): OrderedKeys => {
  const keys = new Set<string>();
  let sorted: readonly string[] | undefined;

  return {
    get size() {
      return keys.size;
    },
    add: (key) => {
      if (keys.has(key)) return;
      keys.add(key);
      sorted = undefined;
    },
    delete: (key) => {
      if (keys.delete(key)) sorted = undefined;
    },
    page: (after, limit) => {
      sorted ??= [...keys].sort();
      const start = after === undefined ? 0 : firstAbove(sorted, after);
      return sorted.slice(start, start + limit);
    },
    [Symbol.iterator]: () => keys.values(),
  };
};

const firstAbove = (sorted: readonly string[], key: string): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') > key) high = middle;
    else low = middle + 1;
  }
  return low;
};
