import type { Lists, Numbers } from '../command.js';

/** A workload of the table, and what of it is shown. */
export interface TableRow {
  readonly workload: string;
  readonly numbers: Numbers;
  readonly figures: readonly Figure[];
}

export interface Figure {
  readonly name: string;
  /** Where it is in the metrics. */
  readonly path: string;
  readonly unit: string;
  /** What the metric is divided by. Default 1. */
  readonly divisor?: number;
  /** Which figure of the floor it is a multiple (a latency) or a part (a rate) of. */
  readonly floor?: 'p50_ms' | 'throughput.updates_per_s';
}

export const floorFigures: readonly Figure[] = [
  { name: 'floor: one update, p50', path: 'p50_ms', unit: 'ms' },
  { name: 'floor: one update, p99', path: 'p99_ms', unit: 'ms' },
  { name: 'floor: batches of 100', path: 'throughput.updates_per_s', unit: '/s' },
];

/** The rows of the table, the floor first. */
export const tableRows = ({ idle_seconds = 0 }: Numbers, lists: Lists): readonly TableRow[] => [
  { workload: 'floor', numbers: {}, figures: floorFigures },
  {
    workload: 'W1',
    numbers: {},
    figures: [
      { name: 'W1 propagation, p50', path: 'p50_ms', unit: 'ms', floor: 'p50_ms' },
      { name: 'W1 propagation, p99', path: 'p99_ms', unit: 'ms' },
      { name: 'W1 statements per update', path: 'cost.statements', unit: '', divisor: 500 },
    ],
  },
  {
    workload: 'W2',
    numbers: {},
    figures: [
      { name: 'W2 updates', path: 'updates_per_s', unit: '/s', floor: 'throughput.updates_per_s' },
      { name: 'W2 p50', path: 'p50_ms', unit: 'ms' },
      { name: 'W2 statements per update', path: 'statements_per_update', unit: '' },
    ],
  },
  ...(lists['clients'] ?? []).map((clients) => ({
    workload: 'W3',
    numbers: { clients },
    figures: [
      { name: `W3 join of ${clients}`, path: 'a_join.join_s', unit: 's' },
      { name: `W3 hub update to the last of ${clients}, p50`, path: 'b_hub_update.p50_ms', unit: 'ms' },
      {
        name: `W3 client update with ${clients}, p50`,
        path: 'c_client_update.p50_ms',
        unit: 'ms',
        floor: 'p50_ms' as const,
      },
      {
        name: `W3 rows read per client update with ${clients}`,
        path: 'c_client_update.cost.rows',
        unit: '',
        divisor: 200,
      },
    ],
  })),
  ...(lists['peers'] ?? []).map((peers) => ({
    workload: 'W4',
    numbers: { peers },
    figures: [
      { name: `W4 mesh of ${peers}`, path: 'converge_s', unit: 's' },
      { name: `W4 rows read, mesh of ${peers}`, path: 'cost.rows', unit: '' },
      { name: `W4 updates sent (needed: ${peers * (peers - 1)})`, path: 'peer_updates_received', unit: '' },
    ],
  })),
  {
    workload: 'W5',
    numbers: {},
    figures: [
      { name: 'W5 LOST after SIGKILL, p50', path: 'detect.p50_ms', unit: 'ms' },
      { name: 'W5 reconnect, p50', path: 'reconnect.p50_ms', unit: 'ms' },
      { name: 'W5 reconnect, all', path: 'reconnect.max_ms', unit: 'ms' },
    ],
  },
  ...(lists['connections'] ?? []).map((connections) => ({
    workload: 'W6',
    numbers: { connections, idle_seconds },
    figures: [
      { name: `W6 join of ${connections}`, path: 'join_s', unit: 's' },
      {
        name: `W6 memory per connection of ${connections}`,
        path: 'rss_per_connection_bytes',
        unit: 'KB',
        divisor: 1000,
      },
      { name: `W6 statements while idle for ${idle_seconds} s`, path: 'idle.statements', unit: '' },
      { name: `W6 bytes from PostgreSQL while idle`, path: 'idle.bytes_from_pg', unit: 'KB', divisor: 1000 },
    ],
  })),
];
