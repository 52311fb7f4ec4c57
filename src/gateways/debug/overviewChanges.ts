import type { Overview, OverviewCoordinator, OverviewPeer, OverviewTunnel } from '../../db/overview.js';

/** What makes one overview of the one before. Coordinators are few, and all of their heartbeats change: they are all here. */
export interface OverviewChanges {
  readonly readAt: number;
  readonly isPartial: boolean;
  readonly coordinators: readonly OverviewCoordinator[];
  readonly peers: RowChanges<OverviewPeer>;
  readonly tunnels: RowChanges<OverviewTunnel>;
}

/** `written` are new or have changed; of those that are `gone` it is the row as it was. */
export interface RowChanges<Row> {
  readonly written: readonly Row[];
  readonly gone: readonly Row[];
}

export function overviewChanges(before: Overview, { readAt, isPartial, ...after }: Overview): OverviewChanges {
  return {
    readAt,
    isPartial,
    coordinators: after.coordinators,
    peers: rowChanges(before.peers, after.peers, peerKey, (one, other) => one.status === other.status),
    tunnels: rowChanges(before.tunnels, after.tunnels, tunnelKey, () => true),
  };
}

const peerKey = ({ id, coordinatorId }: OverviewPeer): string => `${id} ${coordinatorId}`;
const tunnelKey = ({ src, dst, coordinatorId }: OverviewTunnel): string => `${src} ${dst} ${coordinatorId}`;

function rowChanges<Row extends { readonly writtenAt: number }>(
  before: readonly Row[],
  after: readonly Row[],
  keyOf: (row: Row) => string,
  isSame: (one: Row, other: Row) => boolean,
): RowChanges<Row> {
  const left = new Map(before.map((row) => [keyOf(row), row]));
  const written = after.filter((row) => {
    const key = keyOf(row);
    const old = left.get(key);
    left.delete(key);
    return old?.writtenAt !== row.writtenAt || !isSame(old, row);
  });
  return { written, gone: [...left.values()] };
}
