import { type LatencyFigures, latencyFigures } from './latencies.js';

/**
 * The figures as metrics of a phase: by themselves, and once more as `lat`, because the definitions of the workloads can
 * be read either way, and lines of several implementations are to be compared by one program.
 */
export const latencyMetrics = (latencies: readonly number[]): LatencyFigures & { readonly lat: LatencyFigures } => {
  const lat = latencyFigures(latencies);
  return { ...lat, lat };
};
