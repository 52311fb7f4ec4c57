import type { Observable } from 'rxjs';
import type { Neighbour, Uuid } from '../../store.js';
import type { Run, Statement } from '../runStatement.js';
import { uuidArray } from '../uuidArray.js';

/** One row per peer, not per neighbour: a hub has thousands, and a row costs more than the id in it. */
const statement: Statement = {
  name: 'tailnet_read_neighbours',
  text: `
    SELECT edge.peer_id, string_agg(edge.neighbour_id::text, ',') AS neighbour_ids
    FROM (
      SELECT peer.id AS peer_id, tunnel.dst_id AS neighbour_id
      FROM unnest($1::uuid[]) AS peer (id) JOIN tailnet_tunnels AS tunnel ON tunnel.src_id = peer.id
      UNION
      SELECT peer.id, tunnel.src_id
      FROM unnest($1::uuid[]) AS peer (id) JOIN tailnet_tunnels AS tunnel ON tunnel.dst_id = peer.id
    ) AS edge
    GROUP BY edge.peer_id`,
};

interface Row {
  readonly peer_id: Uuid;
  readonly neighbour_ids: string;
}

export function readNeighbours(run: Run, peerIds: readonly Uuid[]): Observable<readonly Neighbour[]> {
  return run<Row, readonly Neighbour[]>(statement, [uuidArray(peerIds)], (rows) =>
    rows.flatMap(({ peer_id: peerId, neighbour_ids: ids }) =>
      ids.split(',').map((neighbourId) => ({ peerId, neighbourId })),
    ),
  );
}
