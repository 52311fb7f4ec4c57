/** What the coordinator relies on in a table; see `migrations/0001_coordinators_peers_tunnels.sql`. */
export interface ExpectedTable {
  /** Column to type. None of them may be null. */
  readonly columns: Readonly<Record<string, string>>;
  readonly primaryKey: readonly string[];
  /** Its `coordinator_id` must lead to the coordinators, and rows must go with their coordinator. */
  readonly belongsToCoordinator: boolean;
  /** Not needed to be right, but to be fast. */
  readonly indexedColumns: readonly string[];
}

export const expectedTables: Readonly<Record<string, ExpectedTable>> = {
  tailnet_coordinators: {
    columns: { id: 'uuid', heartbeat_at: 'timestamp with time zone' },
    primaryKey: ['id'],
    belongsToCoordinator: false,
    indexedColumns: [],
  },
  tailnet_peers: {
    columns: {
      id: 'uuid',
      coordinator_id: 'uuid',
      updated_at: 'timestamp with time zone',
      node: 'bytea',
      status: 'tailnet_status',
    },
    primaryKey: ['id', 'coordinator_id'],
    belongsToCoordinator: true,
    indexedColumns: ['coordinator_id'],
  },
  tailnet_tunnels: {
    columns: { coordinator_id: 'uuid', src_id: 'uuid', dst_id: 'uuid', updated_at: 'timestamp with time zone' },
    primaryKey: ['coordinator_id', 'src_id', 'dst_id'],
    belongsToCoordinator: true,
    indexedColumns: ['src_id', 'dst_id'],
  },
};

/** The labels of the type `tailnet_status`, in order. */
export const expectedStatuses = ['ok', 'lost'] as const;
