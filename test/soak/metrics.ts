import type { Margin } from './flatness.js';

export interface Metric {
  readonly title: string;
  readonly unit: string;
  /** By how much it may rise from the second third of a run to the last. */
  readonly margin: Margin;
}

/** What is recorded. The margins are several times what these figures vary by from one calm to the next. */
export const metrics = {
  heap: { title: 'Heap in use after garbage collection', unit: 'MB', margin: { share: 0.1, besides: 1 } },
  rss: { title: 'Resident memory', unit: 'MB', margin: { share: 0.1, besides: 8 } },
  handles: {
    title: 'Active handles and requests besides sockets of peers',
    unit: '',
    margin: { share: 0.25, besides: 5 },
  },
  files: { title: 'Open file descriptors besides sockets of peers', unit: '', margin: { share: 0.25, besides: 5 } },
  lateness: { title: 'Event-loop delay, p99 since the last sample', unit: 'ms', margin: { share: 1, besides: 20 } },
  connections: { title: 'Connections to PostgreSQL', unit: '', margin: { share: 0.2, besides: 3 } },
  transactions: { title: 'Transactions per second', unit: '', margin: { share: 0.3, besides: 5 } },
  rows: { title: 'Rows', unit: '', margin: { share: 0.25, besides: 5 } },
} as const satisfies Readonly<Record<string, Metric>>;

export type MetricName = keyof typeof metrics;

/** One figure of a sample. */
export interface Figure {
  readonly metric: MetricName;
  /** Of which coordinator, by its place; which kind of connection; which table. */
  readonly of: string;
  /** Figures of coordinators that took each other's place are different series. */
  readonly generation: number;
  readonly value: number;
}

export interface Sample {
  /** Seconds since the start. */
  readonly at: number;
  /** Whether everybody had just seen what is true, and nobody did anything. Only such are compared. */
  readonly isCalm: boolean;
  readonly figures: readonly Figure[];
  /** What could not be read, as of a coordinator that stands still. */
  readonly missing: readonly string[];
}
