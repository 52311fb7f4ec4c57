import type { Binding, Microseconds, Tunnel, Uuid } from '../../db/store.js';
import { orderedKeys, type OrderedKeys } from './orderedKeys.js';

/** One row of `tailnet_coordinators`. */
export interface CoordinatorRow {
  /** The coordinator. */
  readonly id: Uuid;
  /** When it wrote its last heartbeat. */
  readonly heartbeatAt: Microseconds;
}

/** One row of `tailnet_tunnels`. */
export interface TunnelRow extends Tunnel {
  /** The coordinator that the source opened it at. */
  readonly coordinatorId: Uuid;
  /** When it was last written. */
  readonly updatedAt: Microseconds;
}

/** A coordinator's row, and the keys of the rows that hang on it. */
interface CoordinatorEntry {
  row: CoordinatorRow;
  /** Ids of peers. */
  readonly bindings: Set<Uuid>;
  /** `src,dst` */
  readonly tunnels: OrderedKeys;
}

/**
 * The three tables, with an index for every way in which they are read. Rows are never changed, only replaced, so that
 * whoever has read one may keep it.
 */
export interface Tables {
  readonly coordinators: Map<Uuid, CoordinatorEntry>;
  /** By peer, then coordinator. */
  readonly bindings: Map<Uuid, Map<Uuid, Binding>>;
  /** By source, then destination, then coordinator. */
  readonly tunnels: Map<Uuid, Map<Uuid, Map<Uuid, TunnelRow>>>;
  /** By destination: the sources that have a tunnel to it. */
  readonly sources: Map<Uuid, Set<Uuid>>;
}

export const emptyTables = (): Tables => ({
  coordinators: new Map(),
  bindings: new Map(),
  tunnels: new Map(),
  sources: new Map(),
});

export const putCoordinator = (tables: Tables, row: CoordinatorRow): void => {
  const entry = tables.coordinators.get(row.id);
  if (entry) entry.row = row;
  else tables.coordinators.set(row.id, { row, bindings: new Set(), tunnels: orderedKeys() });
};

/** Inserts or replaces. The coordinator must have a row. */
export const putBinding = (tables: Tables, row: Binding): void => {
  coordinatorOf(tables, row.coordinatorId).bindings.add(row.peerId);
  valueOf(tables.bindings, row.peerId, newMap).set(row.coordinatorId, row);
};

/** Inserts or replaces. The coordinator must have a row. */
export const putTunnel = (tables: Tables, row: TunnelRow): void => {
  coordinatorOf(tables, row.coordinatorId).tunnels.add(tunnelKey(row));
  const destinations = valueOf(tables.tunnels, row.src, newMap<Map<Uuid, TunnelRow>>);
  valueOf(destinations, row.dst, newMap).set(row.coordinatorId, row);
  valueOf(tables.sources, row.dst, () => new Set()).add(row.src);
};

/** Deletes, and says whether there was something to delete. */
export const deleteBinding = (tables: Tables, { peerId, coordinatorId }: Pick<Binding, 'peerId' | 'coordinatorId'>) => {
  const bindings = tables.bindings.get(peerId);
  if (!bindings?.delete(coordinatorId)) return false;
  if (bindings.size === 0) tables.bindings.delete(peerId);
  tables.coordinators.get(coordinatorId)?.bindings.delete(peerId);
  return true;
};

/** Deletes, and says whether there was something to delete. */
export const deleteTunnel = (tables: Tables, { src, dst, coordinatorId }: Omit<TunnelRow, 'updatedAt'>): boolean => {
  const destinations = tables.tunnels.get(src);
  const tunnels = destinations?.get(dst);
  if (!destinations || !tunnels?.delete(coordinatorId)) return false;
  tables.coordinators.get(coordinatorId)?.tunnels.delete(tunnelKey({ src, dst }));
  if (tunnels.size > 0) return true;
  destinations.delete(dst);
  if (destinations.size === 0) tables.tunnels.delete(src);
  const sources = tables.sources.get(dst);
  sources?.delete(src);
  if (sources?.size === 0) tables.sources.delete(dst);
  return true;
};

/** Deletes a coordinator with everything that hangs on it, and says what that was. */
export const deleteCoordinator = (tables: Tables, id: Uuid): { peerIds: Uuid[]; tunnels: Tunnel[] } => {
  const entry = tables.coordinators.get(id);
  const peerIds = [...(entry?.bindings ?? [])];
  const tunnels = [...(entry?.tunnels ?? [])].map(tunnelFrom);
  for (const peerId of peerIds) deleteBinding(tables, { peerId, coordinatorId: id });
  for (const tunnel of tunnels) deleteTunnel(tables, { ...tunnel, coordinatorId: id });
  tables.coordinators.delete(id);
  return { peerIds, tunnels };
};

/** All bindings of a peer. The copy may be deleted from while it is walked. */
export const bindingsOf = (tables: Tables, peerId: Uuid): readonly Binding[] => [
  ...(tables.bindings.get(peerId)?.values() ?? []),
];

/** All rows of one tunnel, or of all tunnels of a source. The copy may be deleted from while it is walked. */
export const tunnelsOf = (tables: Tables, src: Uuid, dst?: Uuid): readonly TunnelRow[] => {
  const destinations = tables.tunnels.get(src);
  if (dst !== undefined) return [...(destinations?.get(dst)?.values() ?? [])];
  return [...(destinations?.values() ?? [])].flatMap((rows) => [...rows.values()]);
};

/** Everybody at the other end of a tunnel of this peer, once. */
export const neighboursOf = (tables: Tables, peerId: Uuid): ReadonlySet<Uuid> =>
  new Set([...(tables.tunnels.get(peerId)?.keys() ?? []), ...(tables.sources.get(peerId) ?? [])]);

export const hasTunnel = (tables: Tables, src: Uuid, dst: Uuid): boolean => tables.tunnels.get(src)?.has(dst) ?? false;

/** As in the payload of a notification. */
export const tunnelKey = ({ src, dst }: Tunnel): string => `${src},${dst}`;

export const tunnelFrom = (key: string): Tunnel => {
  const [src = '', dst = ''] = key.split(',');
  return { src, dst };
};

const coordinatorOf = (tables: Tables, id: Uuid): CoordinatorEntry => {
  const entry = tables.coordinators.get(id);
  if (!entry) throw new Error(`coordinator ${id} has no row`);
  return entry;
};

const newMap = <V>(): Map<Uuid, V> => new Map();

const valueOf = <K, V>(map: Map<K, V>, key: K, create: () => V): V => {
  const present = map.get(key);
  if (present !== undefined) return present;
  const created = create();
  map.set(key, created);
  return created;
};
