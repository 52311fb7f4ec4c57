import type { Uuid } from '../store.js';

/** A `uuid[]` parameter. Written by hand, since `pg` escapes every element of an array, and batches are large. */
export function uuidArray(ids: readonly Uuid[]): string {
  return `{${ids.join(',')}}`;
}

/** The order in which all statements lock rows, so that no two of them wait for each other: as the database sorts uuids. */
export function compareUuids(a: Uuid, b: Uuid): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
