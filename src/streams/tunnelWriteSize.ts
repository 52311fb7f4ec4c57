import type { TunnelWrites } from '../db/store.js';

/** How many keys a statement about tunnels has: pairs, and sources that are cleared. */
export const tunnelWriteSize = ({ add, remove, clear, removeOwn = [] }: TunnelWrites): number =>
  add.length + remove.length + clear.length + removeOwn.length;
