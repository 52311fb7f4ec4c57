import { map, type Observable } from 'rxjs';
import type { BindingWrite, Microseconds, Uuid, Writer } from '../../store.js';
import { announcePeers, isBeating, microseconds } from '../fragments.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';
import { compareUuids, uuidArray } from '../uuidArray.js';

/** By far the most batches hold nodes only. Their rows are locked in the order of the array, which is sorted. */
const nodesOnly: Statement = {
  name: 'tailnet_write_nodes',
  text: `
    WITH written AS (
      INSERT INTO tailnet_peers (id, coordinator_id, updated_at, node, status)
      SELECT item.id, $1::uuid, now(), item.node, 'ok'::tailnet_status
      FROM unnest($2::uuid[], $3::bytea[]) AS item (id, node)
      ON CONFLICT (id, coordinator_id) DO UPDATE
        SET updated_at = excluded.updated_at, node = excluded.node, status = excluded.status
      RETURNING id
    )
    SELECT ${microseconds('now()')} AS at, ${announcePeers('written')} AS announced`,
};

/**
 * All kinds. First `held` finds and locks every row that will change, in one order; everything else waits for it, and
 * so no two such statements can wait for each other.
 */
const allKinds: Statement = {
  name: 'tailnet_write_bindings',
  text: `
    WITH held AS MATERIALIZED (
      SELECT peer.id, peer.coordinator_id
      FROM tailnet_peers AS peer
      JOIN tailnet_coordinators AS coordinator ON coordinator.id = peer.coordinator_id
      WHERE peer.id = ANY ($2::uuid[] || $4::uuid[] || $6::uuid[])
        AND (
          peer.coordinator_id = $1::uuid
          OR peer.id = ANY ($6::uuid[]) AND (peer.status = 'lost' OR NOT ${isBeating('coordinator', '$7::float8')})
        )
      ORDER BY peer.id, peer.coordinator_id
      FOR UPDATE OF peer
    ), written AS (
      INSERT INTO tailnet_peers (id, coordinator_id, updated_at, node, status)
      SELECT item.id, $1::uuid, now(), item.node, 'ok'::tailnet_status
      FROM unnest($2::uuid[], $3::bytea[]) AS item (id, node)
      WHERE (SELECT count(*) FROM held) >= 0
      ON CONFLICT (id, coordinator_id) DO UPDATE
        SET updated_at = excluded.updated_at, node = excluded.node, status = excluded.status
      RETURNING id
    ), lost AS (
      UPDATE tailnet_peers AS peer SET updated_at = now(), node = item.node, status = 'lost'
      FROM unnest($4::uuid[], $5::bytea[]) AS item (id, node)
      JOIN held ON held.id = item.id AND held.coordinator_id = $1::uuid
      WHERE peer.id = item.id AND peer.coordinator_id = $1::uuid
      RETURNING peer.id
    ), gone AS (
      DELETE FROM tailnet_peers AS peer USING held
      WHERE held.id = ANY ($6::uuid[]) AND peer.id = held.id AND peer.coordinator_id = held.coordinator_id
      RETURNING peer.id
    ), changed AS (
      SELECT id FROM written UNION ALL SELECT id FROM lost UNION SELECT id FROM gone
    )
    SELECT ${microseconds('now()')} AS at, ${announcePeers('changed')} AS announced`,
};

interface Row {
  readonly at: Microseconds;
}

export function writeBindings(run: Run, writer: Writer, writes: readonly BindingWrite[]): Observable<Microseconds> {
  const ids: Record<BindingWrite['kind'], Uuid[]> = { node: [], lost: [], disconnected: [] };
  const nodes: Record<'node' | 'lost', Buffer[]> = { node: [], lost: [] };
  for (const write of [...writes].sort((a, b) => compareUuids(a.peerId, b.peerId))) {
    ids[write.kind].push(write.peerId);
    if (write.kind !== 'disconnected') nodes[write.kind].push(bufferOn(write.node));
  }
  const writesNodes = [writer.coordinatorId, uuidArray(ids.node), nodes.node];
  const rows$ =
    ids.node.length === writes.length
      ? run<Row>(nodesOnly, writesNodes)
      : run<Row>(allKinds, [
          ...writesNodes,
          uuidArray(ids.lost),
          nodes.lost,
          uuidArray(ids.disconnected),
          writer.expiry,
        ]);
  return rows$.pipe(
    map(onlyRow),
    map(({ at }) => at),
  );
}

/** The same bytes as what `pg` takes for a `bytea`. */
function bufferOn({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
