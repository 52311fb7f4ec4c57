import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { writeHeapSnapshot } from 'node:v8';

/** How many objects of a class there are, and the bytes that they take themselves. */
export interface ClassSize {
  readonly count: number;
  readonly bytes: number;
}

/** What is alive in this process, by class; what is not an object of a class is in parentheses, as `(closure)`. */
export const heapClasses = (): ReadonlyMap<string, ClassSize> => {
  const file = writeHeapSnapshot(join(tmpdir(), `tailnet-bench-${process.pid}.heapsnapshot`));
  try {
    return classesIn(JSON.parse(readFileSync(file, 'utf8')) as HeapSnapshot);
  } finally {
    rmSync(file);
  }
};

/** As V8 writes it: a flat array in which each node takes as many places as it has fields. */
export interface HeapSnapshot {
  readonly snapshot: {
    readonly meta: {
      readonly node_fields: readonly string[];
      readonly node_types: readonly (readonly string[] | string)[];
    };
  };
  readonly nodes: readonly number[];
  readonly strings: readonly string[];
}

export const classesIn = ({ snapshot, nodes, strings }: HeapSnapshot): ReadonlyMap<string, ClassSize> => {
  const { node_fields, node_types } = snapshot.meta;
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) => node_fields.indexOf(field));
  const types = node_types[type ?? 0] ?? [];
  const classes = new Map<string, ClassSize>();
  for (let start = 0; start < nodes.length; start += node_fields.length) {
    const field = (offset = 0): number => nodes[start + offset] ?? 0;
    const kind = types[field(type)] ?? '';
    const key = kind === 'object' ? (strings[field(name)] ?? '') : `(${kind})`;
    const { count, bytes } = classes.get(key) ?? { count: 0, bytes: 0 };
    classes.set(key, { count: count + 1, bytes: bytes + field(size) });
  }
  return classes;
};

/** The classes that grew most, by bytes, the largest first. */
export const largestGrowth = (
  before: ReadonlyMap<string, ClassSize>,
  after: ReadonlyMap<string, ClassSize>,
  limit: number,
): readonly (ClassSize & { readonly name: string })[] =>
  [...after]
    .map(([name, { count, bytes }]) => {
      const earlier = before.get(name) ?? { count: 0, bytes: 0 };
      return { name, count: count - earlier.count, bytes: bytes - earlier.bytes };
    })
    .filter(({ bytes }) => bytes > 0)
    .sort((a, b) => b.bytes - a.bytes)
    .slice(0, limit);
