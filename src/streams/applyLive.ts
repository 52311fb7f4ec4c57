import type { Uuid } from '../db/store.js';
import { peersChanged } from './changes.js';
import type { Connections } from './connections.js';
import type { View } from './view.js';

/** Sets which other coordinators are live, and tells each connection, once, of all the peers for whom that matters. */
export const applyLive = (view: View, connections: Pick<Connections, 'post'>, live: ReadonlySet<Uuid>): void => {
  const concerned = new Map<Uuid, Uuid[]>();
  for (const peerId of view.setLive(live)) {
    for (const watcherId of view.watchersOf(peerId)) {
      const peers = concerned.get(watcherId);
      if (peers === undefined) concerned.set(watcherId, [peerId]);
      else peers.push(peerId);
    }
  }
  for (const [watcherId, peers] of concerned) connections.post(watcherId, peersChanged(peers));
};
