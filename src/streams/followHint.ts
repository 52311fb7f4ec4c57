import { type Telemetry, silentTelemetry } from '../telemetry.js';
import type { Hint } from './hints.js';
import { peerIsReady } from './changes.js';
import type { Connections } from './connections.js';
import type { Leftovers } from './leftovers.js';
import type { Querier } from './querier.js';

/** What hints set in motion. */
export interface HintFollowers {
  readonly querier: Pick<Querier, 'refreshBindings' | 'refreshTunnel' | 'tellHinted' | 'forgetTold'>;
  readonly connections: Pick<Connections, 'post'>;
  readonly leftovers: Pick<Leftovers, 'peerChanged' | 'lookAgain'>;
  /** Told of each hint. Default: nobody. */
  readonly telemetry?: Pick<Telemetry, 'hintHeard'>;
}

/** Passes a hint on to whom it may concern. Heartbeats, and what else a gap asks for, are streams of their own. */
export const followHint = (
  { querier, connections, leftovers, telemetry = silentTelemetry }: HintFollowers,
  hint: Hint,
): void => {
  let isOfInterest = false;
  switch (hint.kind) {
    case 'binding':
      querier.tellHinted(hint.hint, hint.sender);
      break;
    case 'peer':
      isOfInterest = querier.refreshBindings(hint.peerId, hint.sender);
      leftovers.peerChanged(hint.peerId);
      break;
    case 'tunnel':
      querier.refreshTunnel(hint.src, hint.dst, hint.sender);
      break;
    case 'ready':
      connections.post(hint.to, peerIsReady(hint.from));
      break;
    case 'gap':
      querier.forgetTold();
      leftovers.lookAgain();
      break;
    case 'heartbeat':
      break;
  }
  if (hint.kind !== 'binding') telemetry.hintHeard(hint, isOfInterest);
};
