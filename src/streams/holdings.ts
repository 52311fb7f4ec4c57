import type { Holdings } from '../telemetry.js';
import type { Connections } from './connections.js';
import type { Tunneler } from './tunneler.js';
import type { View } from './view.js';

export interface HoldingParts {
  readonly view: Pick<View, 'size'>;
  readonly connections: Pick<Connections, 'size'>;
  readonly tunneler: Pick<Tunneler, 'wantedCount'>;
}

/** What a coordinator holds, counted when it is looked at. */
export const holdingsOf = ({ view, connections, tunneler }: HoldingParts): Holdings => ({
  get peers() {
    return view.size.joined;
  },
  get watches() {
    return connections.size - view.size.joined;
  },
  get tunnels() {
    return tunneler.wantedCount();
  },
  get edges() {
    return view.size.edges;
  },
  get watched() {
    return view.size.watched;
  },
});
