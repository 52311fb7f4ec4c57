import type { Uuid } from '../db/store.js';
import type { Teller } from './teller.js';
import type { View } from './view.js';

/** Sets which other coordinators are live, and tells each connection of all the peers for whom that matters. */
export const applyLive = (view: View, teller: Pick<Teller, 'tellWatchers'>, live: ReadonlySet<Uuid>): void => {
  teller.tellWatchers(view.setLive(live));
};
