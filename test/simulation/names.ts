import type { Uuid } from '../../src/db/store.js';

/** The id of the coordinator that runs at a site, in its so many-th life there. */
export const coordinatorIdOf = (site: number, life: number): Uuid =>
  `c0000000-0000-4000-8000-${String(site).padStart(4, '0')}${String(life).padStart(8, '0')}`;

/** The number of a peer, by its id. */
export const peerNumberOf = (id: Uuid): number => Number(id.slice(-12));

/** What a coordinator is called in a history: `c2`, and `c2 (life 3)` after two restarts. */
export const coordinatorNameOf = (id: Uuid): string => {
  const life = Number(id.slice(-8));
  return `c${Number(id.slice(-12, -8))}${life > 1 ? ` (life ${life})` : ''}`;
};
