import { flatness, type Flatness } from './flatness.js';
import { metrics, type MetricName, type Sample } from './metrics.js';

export interface Judged extends Flatness {
  readonly metric: MetricName;
  /** As `second #3`, the fourth coordinator at that place. */
  readonly series: string;
  readonly count: number;
}

/** Judges each series by its values in calm samples. */
export const judgeSeries = (samples: readonly Sample[]): readonly Judged[] => {
  const all = new Map<string, { metric: MetricName; series: string; values: number[] }>();
  for (const { metric, of, generation, value } of samples.filter(({ isCalm }) => isCalm).flatMap((s) => s.figures)) {
    const series = generation === 0 ? of : `${of} #${generation}`;
    const key = `${metric} ${series}`;
    const found = all.get(key) ?? { metric, series, values: [] };
    all.set(key, found);
    found.values.push(value);
  }
  return [...all.values()].map(({ metric, series, values }) => ({
    ...{ metric, series, count: values.length },
    ...flatness(values, metrics[metric].margin),
  }));
};
