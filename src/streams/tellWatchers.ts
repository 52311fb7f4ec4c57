import type { Uuid } from '../db/store.js';
import { peersChanged } from './changes.js';
import type { Connections } from './connections.js';
import type { View } from './view.js';

/** Tells each connection, once, of all the peers among these that it watches: they may look different now. */
export const tellWatchers = (
  view: Pick<View, 'watchersOf'>,
  connections: Pick<Connections, 'post'>,
  changedIds: readonly Uuid[],
): void => {
  const [only] = changedIds;
  if (only !== undefined && changedIds.length === 1) {
    // One peer, perhaps with thousands of watchers: all are told by the same object.
    const changes = peersChanged([only]);
    for (const watcherId of view.watchersOf(only)) connections.post(watcherId, changes);
    return;
  }
  const concerned = new Map<Uuid, Uuid[]>();
  for (const peerId of changedIds) {
    for (const watcherId of view.watchersOf(peerId)) {
      const peers = concerned.get(watcherId);
      if (peers === undefined) concerned.set(watcherId, [peerId]);
      else peers.push(peerId);
    }
  }
  for (const [watcherId, peers] of concerned) connections.post(watcherId, peersChanged(peers));
};
