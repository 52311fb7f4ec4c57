import { map, type Observable } from 'rxjs';
import type { Leftover, Writer } from '../../store.js';
import {
  announcePeers,
  announceTunnels,
  isLeftBehind,
  sourceIsLive,
  timestamp,
  joinTunnelByKey,
} from '../fragments.js';
import type { Run, Statement } from '../runStatement.js';
import { uuidArray } from '../uuidArray.js';

/** Locks what it deletes in one order, as `writeBindings` and `writeTunnels` do. */
const statement: Statement = {
  text: `
    WITH goodbye AS MATERIALIZED (
      SELECT src, ${timestamp('at')} AS at FROM unnest($2::uuid[], $3::float8[]) AS item (src, at)
    ), withdrawn AS MATERIALIZED (
      SELECT src, dst, ${timestamp('at')} AS at
      FROM unnest($4::uuid[], $5::uuid[], $6::float8[]) AS item (src, dst, at)
    ), held_peers AS MATERIALIZED (
      SELECT peer.id, peer.coordinator_id
      FROM goodbye
      JOIN tailnet_peers AS peer ON peer.id = goodbye.src
      WHERE peer.id = ANY ($2::uuid[]) AND peer.coordinator_id <> $1::uuid
        AND peer.updated_at <= goodbye.at
        AND ${isLeftBehind('peer', '$7::float8')}
      ORDER BY peer.id, peer.coordinator_id
      FOR UPDATE OF peer
    ), removed_peers AS (
      DELETE FROM tailnet_peers AS peer USING held_peers AS held
      WHERE peer.id = ANY ($2::uuid[]) AND peer.id = held.id AND peer.coordinator_id = held.coordinator_id
      RETURNING peer.id
    ), found AS MATERIALIZED (
      SELECT tunnel.ctid AS place
      FROM goodbye
      JOIN tailnet_tunnels AS tunnel ON tunnel.src_id = goodbye.src
      WHERE tunnel.updated_at <= goodbye.at
      UNION ALL
      SELECT hit.ctid
      FROM withdrawn
      CROSS JOIN tailnet_coordinators AS coordinator
      ${joinTunnelByKey('tunnel.ctid, tunnel.updated_at', 'coordinator.id', 'withdrawn.src', 'withdrawn.dst')}
      WHERE hit.updated_at <= withdrawn.at
    ), held_tunnels AS MATERIALIZED (
      SELECT tunnel.ctid AS place
      FROM tailnet_tunnels AS tunnel
      WHERE tunnel.ctid = ANY (ARRAY (SELECT place FROM found))
        AND tunnel.coordinator_id <> $1::uuid
        AND NOT ${sourceIsLive('tunnel', '$7::float8')}
      ORDER BY tunnel.coordinator_id, tunnel.src_id, tunnel.dst_id
      FOR UPDATE OF tunnel
    ), removed_tunnels AS (
      DELETE FROM tailnet_tunnels AS tunnel
      WHERE tunnel.ctid = ANY (ARRAY (SELECT place FROM held_tunnels))
      RETURNING src_id, dst_id
    )
    SELECT
      ${announcePeers('(SELECT DISTINCT id FROM removed_peers) AS changed')},
      ${announceTunnels('(SELECT DISTINCT src_id, dst_id FROM removed_tunnels) AS changed')}`,
};

export function removeLeftovers(run: Run, writer: Writer, leftovers: readonly Leftover[]): Observable<void> {
  const goodbyes = leftovers.filter(({ dst }) => dst === undefined);
  const withdrawn = leftovers.filter((leftover): leftover is Required<Leftover> => leftover.dst !== undefined);
  return run(statement, [
    writer.coordinatorId,
    uuidArray(goodbyes.map(({ src }) => src)),
    goodbyes.map(({ at }) => at),
    uuidArray(withdrawn.map(({ src }) => src)),
    uuidArray(withdrawn.map(({ dst }) => dst)),
    withdrawn.map(({ at }) => at),
    writer.expiry,
  ]).pipe(map(() => undefined));
}
