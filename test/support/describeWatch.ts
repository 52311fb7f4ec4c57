import type { WatchUpdate } from '../../src/streams/watch.js';

/** What a watch said, in words: `node derp 2`, `lost derp 2`, `disconnected`, `closed: coordinator closed`. */
export const describeWatch = (update: WatchUpdate): string => {
  switch (update.kind) {
    case 'node':
    case 'lost':
      return `${update.kind} derp ${String(update.node.preferredDerp)}`;
    case 'disconnected':
      return update.kind;
    case 'closed':
      return `closed: ${update.reason}`;
  }
};
