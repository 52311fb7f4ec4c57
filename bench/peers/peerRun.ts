import { type Ids, createIds } from './ids.js';
import { type ComposeNode, type NodeShape, nodeComposer } from './nodeComposer.js';
import { Watchdog } from './watchdog.js';

/** What all peers of a run share. */
export interface PeerRun {
  readonly ids: Ids;
  readonly compose: ComposeNode;
  readonly watchdog: Watchdog;
  /** Entries in all responses that all peers read so far. */
  received: number;
  /** What coordinators complained about, with how often: nothing, in a good run. */
  readonly complaints: Map<string, number>;
}

export const createPeerRun = (shape?: NodeShape, prefix?: string): PeerRun => ({
  ids: createIds(prefix),
  compose: nodeComposer(shape),
  watchdog: new Watchdog(),
  received: 0,
  complaints: new Map(),
});
