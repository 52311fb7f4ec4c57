import type { Observable } from 'rxjs';
import type { Neighbours, Uuid } from '../../store.js';
import type { Run, Statement } from '../runStatement.js';
import { uuidArray } from '../uuidArray.js';

/**
 * All neighbours of a peer in one value: a hub has thousands, and a row costs more than the id in it. As a subquery for
 * each peer, which PostgreSQL answers from the indexes (`sessionConfig.ts` tells it not to read whole tables): it would
 * join the peers with all tunnels for good if there were hardly any when it made its plan.
 */
const neighbourIdsOf = (peer: string): string => `(
      SELECT string_agg(neighbour.id::text, ',')
      FROM (
        SELECT dst_id FROM tailnet_tunnels WHERE src_id = ${peer}
        UNION
        SELECT src_id FROM tailnet_tunnels WHERE dst_id = ${peer}
      ) AS neighbour (id)
    ) AS neighbour_ids`;

/** What is read for who comes alone. The plan is made once: with an array of ids, PostgreSQL prefers a new one each time. */
const onePeer: Statement = {
  name: 'tailnet_read_neighbours_of_one',
  text: `SELECT $1::uuid AS peer_id, ${neighbourIdsOf('$1::uuid')}`,
};

const manyPeers: Statement = {
  name: 'tailnet_read_neighbours',
  text: `SELECT peer.id AS peer_id, ${neighbourIdsOf('peer.id')} FROM unnest($1::uuid[]) AS peer (id)`,
};

interface Row {
  readonly peer_id: Uuid;
  /** null without any */
  readonly neighbour_ids: string | null;
}

export function readNeighbours(run: Run, peerIds: readonly Uuid[]): Observable<readonly Neighbours[]> {
  const [only] = peerIds;
  return only !== undefined && peerIds.length === 1
    ? run(onePeer, [only], neighboursOf)
    : run(manyPeers, [uuidArray(peerIds)], neighboursOf);
}

const neighboursOf = (rows: readonly Row[]): readonly Neighbours[] => {
  const found: Neighbours[] = [];
  for (const { peer_id: peerId, neighbour_ids: ids } of rows) {
    if (ids !== null) found.push({ peerId, neighbourIds: ids.split(',') });
  }
  return found;
};
