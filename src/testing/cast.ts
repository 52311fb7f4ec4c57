import type { Uuid } from '../db/store.js';

// Peers for tests, told apart at a glance.

/** The first peer. */
export const alice: Uuid = 'a11ce000-0000-4000-8000-000000000000';
/** The second peer. */
export const bob: Uuid = 'b0b00000-0000-4000-8000-000000000000';
/** The third peer. */
export const carol: Uuid = 'ca401000-0000-4000-8000-000000000000';
/** The fourth peer. */
export const dave: Uuid = 'da4e0000-0000-4000-8000-000000000000';
/** The fifth peer. */
export const eve: Uuid = 'e4e00000-0000-4000-8000-000000000000';
/** The sixth peer. */
export const frank: Uuid = 'f4a2c000-0000-4000-8000-000000000000';

// Coordinators for tests, in the order in which `marbles` gives their ids.

/** The first coordinator. */
export const north: Uuid = 'c0000000-0000-4000-8000-000000000001';
/** The second coordinator. */
export const south: Uuid = 'c0000000-0000-4000-8000-000000000002';
/** The third coordinator. */
export const east: Uuid = 'c0000000-0000-4000-8000-000000000003';
/** The fourth coordinator. */
export const west: Uuid = 'c0000000-0000-4000-8000-000000000004';

const cast = { alice, bob, carol, dave, eve, frank, north, south, east, west };

const names: ReadonlyMap<Uuid, string> = new Map(Object.entries(cast).map(([name, id]) => [id, name]));

/** The name of one of the cast; of anybody else the first eight digits. */
export const nameOf = (id: Uuid): string => names.get(id) ?? id.slice(0, 8);
