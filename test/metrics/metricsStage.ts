import type { Coordinator } from '../../src/api.js';
import { createCoordinator } from '../../src/coordinator.js';
import type { Uuid } from '../../src/db/store.js';
import { createMetrics, type Metrics } from '../../src/metrics/index.js';
import { memoryDatabase, north, type MemoryDatabase } from '../../src/testing/index.js';
import { createSimulatedTime } from '../simulation/simulatedTime.js';
import { parseMetrics } from '../support/parseMetrics.js';

/** A coordinator in simulated time, and what there is to count of it. */
export interface MeasuredCoordinator {
  readonly coordinator: Coordinator;
  readonly metrics: Metrics;
  /** Lets so many milliseconds pass. */
  readonly pass: (milliseconds: number) => void;
  /** The value of a series, as a scrape shows it now; undefined if it does not. */
  readonly value: (series: string) => Promise<number | undefined>;
  /** How often a histogram was observed, and the sum of it, in milliseconds for seconds. */
  readonly observed: (name: string, labels?: string) => Promise<{ readonly count: number; readonly sum: number }>;
}

/** Milliseconds for a call and its answer, and for a notification. */
export const [latency, busLatency] = [10, 20];

/** Coordinators over one database, in one simulated time. */
export const metricsStage = () => {
  const time = createSimulatedTime();
  const start = time.now();
  let passed = 0;
  const pass = (milliseconds: number): void => {
    passed += milliseconds;
    time.passUntil(start + passed);
  };
  const database = memoryDatabase({ scheduler: time });

  /** @param wire what the database is reached over. Default: one of its own, with latencies */
  const measured = (
    id: Uuid = north,
    wire: Pick<MemoryDatabase, 'store' | 'bus'> = database.connect({ latency, busLatency }),
  ): MeasuredCoordinator => {
    const metrics = createMetrics({ now: () => time.now() });
    const coordinator = createCoordinator({
      ...{ database: wire, id, scheduler: time, random: () => 0.5 },
      telemetry: metrics.telemetry,
    });
    const value = async (series: string): Promise<number | undefined> => {
      const scraped = parseMetrics(await metrics.registry.metrics());
      const ofSeries = [...scraped.values()].find((metric) => metric.series.has(series));
      return ofSeries?.series.get(series);
    };
    const observed = async (name: string, labels = '') => {
      const [count = 0, sum = 0] = [await value(`${name}_count${labels}`), await value(`${name}_sum${labels}`)];
      return { count, sum: Math.round(name.endsWith('_seconds') ? sum * 1000 : sum) };
    };
    return { coordinator, metrics, pass, value, observed };
  };
  return { database, measured, pass, time };
};
