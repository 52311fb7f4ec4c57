/** Latencies of a phase in milliseconds, percentiles by nearest rank. All are 0 when there were none. */
export interface LatencyFigures {
  readonly n: number;
  readonly p50_ms: number;
  readonly p95_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
  readonly min_ms: number;
}

export const latencyFigures = (latencies: readonly number[]): LatencyFigures => {
  const sorted = Float64Array.from(latencies).sort();
  const rank = (percent: number): number =>
    round(sorted[Math.max(0, Math.ceil((percent * sorted.length) / 100) - 1)] ?? 0);
  return {
    n: sorted.length,
    p50_ms: rank(50),
    p95_ms: rank(95),
    p99_ms: rank(99),
    max_ms: rank(100),
    min_ms: round(sorted[0] ?? 0),
  };
};

const round = (ms: number): number => Math.round(ms * 1000) / 1000;
