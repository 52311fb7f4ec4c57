import { Histogram, type Registry } from 'prom-client';
import type { HeardHint, Telemetry } from '../telemetry.js';
import { secondsBuckets } from './buckets.js';
import { Stopwatch } from './stopwatch.js';

/**
 * How long it takes a node to get from the peer that publishes it to those who share a tunnel with it. No two clocks are
 * compared: the way to the bus is measured where the peer is connected, from the request on, and the way from the bus
 * where its neighbours are.
 */
export function propagationMetrics(
  registry: Registry,
  now: () => number,
): Pick<
  Telemetry,
  'nodeAccepted' | 'bindingWritten' | 'hintHeard' | 'bindingsTold' | 'bindingsIgnored' | 'keyGivenUp'
> {
  const seconds = new Histogram({
    name: 'tailnet_propagation_seconds',
    help: 'How long a node was on its way: from its request until it was written, until its notification was heard, and from a notification until all ready receivers here were told.',
    labelNames: ['stage'],
    buckets: [...secondsBuckets],
    registers: [registry],
  });
  for (const stage of ['written', 'heard', 'told']) seconds.zero({ stage });

  /** From a request on. Of several nodes of a peer the oldest counts that has not got there. */
  const unwritten = new Stopwatch(now);
  const unheard = new Stopwatch(now);
  /** From a notification on. */
  const untold = new Stopwatch(now);

  const arrived = (stopwatch: Stopwatch, stage: string, peerId: string): void => {
    const taken = stopwatch.stop(peerId);
    if (taken !== undefined) seconds.observe({ stage }, taken);
  };

  const heard = ({ kind, peerId }: HeardHint, isOfInterest: boolean): void => {
    // What should have been heard before may never be.
    if (kind === 'gap') unheard.forgetAll();
    if (peerId === undefined) return;
    arrived(unheard, 'heard', peerId);
    if (isOfInterest) untold.start(peerId);
  };

  return {
    nodeAccepted: (peerId) => {
      unwritten.start(peerId);
      unheard.start(peerId);
    },
    bindingWritten: (peerId, isGone) => {
      arrived(unwritten, 'written', peerId);
      // The notification may not come. Else the next node of this peer would seem to have been under way ever since.
      if (isGone) unheard.forget(peerId);
    },
    hintHeard: heard,
    bindingsTold: (peerId) => {
      arrived(untold, 'told', peerId);
    },
    bindingsIgnored: (peerId) => {
      untold.forget(peerId);
    },
    keyGivenUp: (work, peerId) => {
      if (work === 'readBindings') untold.forget(peerId);
      if (work !== 'writeBindings') return;
      unwritten.forget(peerId);
      unheard.forget(peerId);
    },
  };
}
