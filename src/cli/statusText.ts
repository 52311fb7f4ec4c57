import type { Status } from './readStatus.js';
import { table } from './table.js';

/** The status for people: three tables. */
export function statusText({ coordinators, peers, tunnels }: Status): string {
  return [
    section(
      'coordinators',
      ['COORDINATOR', 'STATE', 'HEARTBEAT'],
      coordinators.map(({ id, live, heartbeatAge }) => [id, live ? 'live' : 'silent', ago(heartbeatAge)]),
    ),
    section(
      'peers',
      ['PEER', 'STATUS', 'COORDINATOR', 'WRITTEN'],
      peers.map(({ id, status, coordinatorId, writeAge }) => [id, status, coordinatorId, ago(writeAge)]),
    ),
    section(
      'tunnels',
      ['FROM', 'TO', 'COORDINATOR', 'WRITTEN'],
      tunnels.map(({ src, dst, coordinatorId, writeAge }) => [src, dst, coordinatorId, ago(writeAge)]),
    ),
  ].join('\n\n');
}

function section(name: string, titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows.length === 0
    ? `no ${name}`
    : `${rows.length} ${rows.length === 1 ? name.slice(0, -1) : name}\n${table(titles, rows)}`;
}

/** An age in milliseconds as `1.5 s ago`, `12 min ago`, … */
function ago(age: number): string {
  const units: readonly [number, string][] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ];
  for (const [size, unit] of units) if (age >= 2 * size) return `${Math.floor(age / size)} ${unit} ago`;
  // Another server's clock may be ahead of this transaction's time by a moment.
  return `${(Math.max(0, age) / 1000).toFixed(1)} s ago`;
}
