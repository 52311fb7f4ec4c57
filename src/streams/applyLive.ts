import type { Uuid } from '../db/store.js';
import type { Connections } from './connections.js';
import { tellWatchers } from './tellWatchers.js';
import type { View } from './view.js';

/** Sets which other coordinators are live, and tells each connection, once, of all the peers for whom that matters. */
export const applyLive = (view: View, connections: Pick<Connections, 'post'>, live: ReadonlySet<Uuid>): void => {
  tellWatchers(view, connections, view.setLive(live));
};
