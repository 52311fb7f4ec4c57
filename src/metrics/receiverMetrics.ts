import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { PeerUpdateKind } from '../proto/responses.js';
import type { Telemetry } from '../telemetry.js';
import { secondsBuckets } from './buckets.js';
import { Tally } from './tally.js';

const nameOfKind = new Map<PeerUpdateKind, string>([
  [PeerUpdateKind.NODE, 'node'],
  [PeerUpdateKind.LOST, 'lost'],
  [PeerUpdateKind.DISCONNECTED, 'disconnected'],
  [PeerUpdateKind.READY_FOR_HANDSHAKE, 'ready_for_handshake'],
]);

/** What peers are told, and how they keep up. */
export function receiverMetrics(
  registry: Registry,
): Pick<Telemetry, 'updateTold' | 'changesConflated' | 'receiverStopped' | 'receiverResumed'> {
  const registers = [registry];
  const updates = new Tally({
    name: 'tailnet_updates_total',
    help: 'What peers were told of other peers, by kind.',
    registry,
    labels: [['kind', [...nameOfKind.values()]]],
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
      const name = nameOfKind.get(kind);
      if (name !== undefined) updates.count(name);
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
