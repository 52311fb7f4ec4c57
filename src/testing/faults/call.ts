import type { Bus } from '../../db/bus.js';
import type { Store } from '../../db/store.js';

/** What can be asked of a database: the methods of the store, and the bus's `publish`. */
export type Method = keyof Store | 'publish';

/** One call: which method, and with what. */
export type Call =
  /** Of the store. */
  | { [M in keyof Store]: { readonly method: M; readonly args: Parameters<Store[M]> } }[keyof Store]
  /** Of the bus. */
  | { readonly method: 'publish'; readonly args: Parameters<Bus['publish']> };
