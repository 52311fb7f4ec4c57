import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { PeerUpdateKind, peerUpdateKindName } from '../proto/responses.js';
import type { Telemetry } from '../telemetry.js';
import { secondsBuckets } from './buckets.js';
import { Tally } from './tally.js';

const kinds = [
  PeerUpdateKind.NODE,
  PeerUpdateKind.LOST,
  PeerUpdateKind.DISCONNECTED,
  PeerUpdateKind.READY_FOR_HANDSHAKE,
].map(peerUpdateKindName);

/** What peers are told, and how they keep up. */
export function receiverMetrics(
  registry: Registry,
): Pick<Telemetry, 'updateTold' | 'changesConflated' | 'receiverStopped' | 'receiverResumed'> {
  const registers = [registry];
  const updates = new Tally({
    name: 'tailnet_updates_total',
    help: 'What peers were told of other peers, by kind.',
    registry,
    labels: [['kind', kinds]],
  });
  let conflations = 0;
  new Counter({
    name: 'tailnet_conflated_total',
    help: 'Changes that were merged with what waited for a receiver that was not ready.',
    registers,
    collect() {
      this.reset();
      this.inc(conflations);
    },
  });
  let waiting = 0;
  new Gauge({
    name: 'tailnet_receivers_waiting',
    help: 'Receivers that are not ready: slow ones, and for a moment those whose turn it is not yet.',
    registers,
    collect() {
      this.set(waiting);
    },
  });
  const waits = new Histogram({
    name: 'tailnet_receiver_wait_seconds',
    help: 'How long receivers were not ready, until they were, or were gone.',
    buckets: [...secondsBuckets],
    registers,
  });
  return {
    updateTold: (kind) => {
      updates.count(peerUpdateKindName(kind));
    },
    changesConflated: () => {
      conflations++;
    },
    receiverStopped: () => {
      waiting++;
    },
    receiverResumed: (milliseconds) => {
      waiting--;
      waits.observe(milliseconds / 1000);
    },
  };
}
