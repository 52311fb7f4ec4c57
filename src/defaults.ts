import type { Tuning } from './options.js';

/** The documented defaults of {@link Tuning}. */
export const defaultTuning: Tuning = {
  heartbeatPeriod: 2_000,
  missedHeartbeats: 3,
  heartbeatTimeout: 1_500,
  initialBackoff: 500,
  maxBackoff: 10_000,
  cleanupPeriod: 3_600_000,
  rollingCheckPeriod: 600_000,
  resyncJitter: 250,
  unhealthySpread: 4_000,
  closeTimeout: 15_000,
  authTimeout: 10_000,
  maxBatchSize: 500,
  maxBatchesInFlight: 2,
  batchSpacing: 10,
  maxUpdatesPerResponse: 1_024,
  maxResponseSize: 2 * 1024 * 1024,
};
