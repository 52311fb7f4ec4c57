import { EMPTY, expand, reduce, type Observable } from 'rxjs';
import { onlyRow } from '../runStatement.js';
import type { RunWrite } from '../runWrite.js';
import { writeStatement, type WriteStatement } from '../writeStatement.js';

// What has been left behind for a day goes, in pieces small enough for the statement timeout. All coordinators clean;
// they skip the rows that another one is just deleting or writing.

const AGE = `interval '24 hours'`;
const PIECE = 5000;

/** One coordinator at a time, and by hand what the foreign keys would delete as well, because it must be announced. */
const coordinators = writeStatement(
  undefined,
  (announce) => `
    WITH silent AS MATERIALIZED (
      SELECT id FROM tailnet_coordinators
      WHERE heartbeat_at < now() - ${AGE}
      ORDER BY id
      LIMIT 1
      FOR UPDATE SKIP LOCKED
    ), removed_peers AS (
      DELETE FROM tailnet_peers WHERE coordinator_id IN (SELECT id FROM silent) RETURNING id
    ), removed_tunnels AS (
      DELETE FROM tailnet_tunnels WHERE coordinator_id IN (SELECT id FROM silent) RETURNING src_id, dst_id
    ), removed AS (
      DELETE FROM tailnet_coordinators WHERE id IN (SELECT id FROM silent) RETURNING id
    )
    SELECT
      (SELECT count(*) FROM removed)::int AS count,
      ${announce.peers('removed_peers')},
      ${announce.tunnels('removed_tunnels')}`,
);

const lostBindings = writeStatement(
  undefined,
  (announce) => `
    WITH old AS MATERIALIZED (
      SELECT id, coordinator_id FROM tailnet_peers
      WHERE status = 'lost' AND updated_at < now() - ${AGE}
      LIMIT ${PIECE}
      FOR UPDATE SKIP LOCKED
    ), removed AS (
      DELETE FROM tailnet_peers AS peer USING old
      WHERE peer.id = old.id AND peer.coordinator_id = old.coordinator_id
      RETURNING peer.id
    )
    SELECT (SELECT count(*) FROM removed)::int AS count, ${announce.peers('removed')}`,
);

const tunnels = writeStatement(
  undefined,
  (announce) => `
    WITH abandoned AS MATERIALIZED (
      SELECT tunnel.ctid AS place FROM tailnet_tunnels AS tunnel
      WHERE tunnel.updated_at < now() - ${AGE}
        AND NOT EXISTS (
          SELECT FROM tailnet_peers AS source
          WHERE source.id = tunnel.src_id AND source.coordinator_id = tunnel.coordinator_id
        )
      LIMIT ${PIECE}
      FOR UPDATE OF tunnel SKIP LOCKED
    ), removed AS (
      DELETE FROM tailnet_tunnels
      WHERE ctid = ANY (ARRAY (SELECT place FROM abandoned))
      RETURNING src_id, dst_id
    )
    SELECT (SELECT count(*) FROM removed)::int AS count, ${announce.tunnels('removed')}`,
);

export const cleanCoordinators = (run: RunWrite): Observable<number> => untilNothingIsLeft(run, coordinators);
export const cleanLostBindings = (run: RunWrite): Observable<number> => untilNothingIsLeft(run, lostBindings);
export const cleanTunnels = (run: RunWrite): Observable<number> => untilNothingIsLeft(run, tunnels);

function untilNothingIsLeft(run: RunWrite, statement: WriteStatement): Observable<number> {
  const piece$ = run<{ readonly count: number }, number>(statement, [], (rows) => onlyRow(rows).count);
  return piece$.pipe(
    expand((count) => (count === 0 ? EMPTY : piece$)),
    reduce((total, count) => total + count, 0),
  );
}
