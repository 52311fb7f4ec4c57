import type { Tunnel } from '../store.js';
import { compareUuids } from './uuidArray.js';

/** By source, then by destination: the order of the primary key. */
export function compareTunnels(a: Tunnel, b: Tunnel): number {
  return compareUuids(a.src, b.src) || compareUuids(a.dst, b.dst);
}
