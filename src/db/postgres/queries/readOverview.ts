import type { Observable } from 'rxjs';
import type { Overview } from '../../overview.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';

const milliseconds = (timestamp: string): string => `floor(extract(epoch from ${timestamp}) * 1000)::bigint`;

/** The rows of a query, as one value. */
const rowsOf = (query: string): string => `(SELECT coalesce(json_agg(line), '[]') FROM (${query} LIMIT $2) AS line)`;

/**
 * One statement, so that all of it is of one moment, and needs no transaction. Each order is that of a primary key: what is
 * left out for the limit is not read. Without a name, because a plan is of no use to anybody else.
 */
const statement: Statement = {
  text: `
    SELECT ${milliseconds('now()')}::float8 AS "readAt",
      ${rowsOf(`
        SELECT id, ${milliseconds('heartbeat_at')} AS "heartbeatAt",
          heartbeat_at > now() - $1::float8 * interval '1 millisecond' AS "isLive"
        FROM tailnet_coordinators ORDER BY heartbeat_at DESC, id`)} AS coordinators,
      ${rowsOf(`
        SELECT peer.id, peer.coordinator_id AS "coordinatorId",
          CASE WHEN home.heartbeat_at > now() - $1::float8 * interval '1 millisecond'
            THEN peer.status::text ELSE 'lost' END AS status,
          ${milliseconds('peer.updated_at')} AS "writtenAt"
        FROM tailnet_peers AS peer JOIN tailnet_coordinators AS home ON home.id = peer.coordinator_id
        ORDER BY peer.id, peer.coordinator_id`)} AS peers,
      ${rowsOf(`
        SELECT src_id AS src, dst_id AS dst, coordinator_id AS "coordinatorId",
          ${milliseconds('updated_at')} AS "writtenAt"
        FROM tailnet_tunnels ORDER BY coordinator_id, src_id, dst_id`)} AS tunnels`,
};

type Row = Omit<Overview, 'isPartial'>;

/**
 * @param expiry milliseconds after which a coordinator that says nothing is silent
 * @param maxRows so many of each table at most
 */
export function readOverview(run: Run, expiry: number, maxRows: number): Observable<Overview> {
  return run<Row, Overview>(statement, [expiry, maxRows + 1], (rows) => {
    const { readAt, ...tables } = onlyRow(rows);
    const { coordinators, peers, tunnels } = tables;
    return {
      readAt,
      isPartial: Object.values(tables).some(({ length }) => length > maxRows),
      coordinators: coordinators.slice(0, maxRows),
      peers: peers.slice(0, maxRows),
      tunnels: tunnels.slice(0, maxRows),
    };
  });
}
