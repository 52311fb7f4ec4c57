import type { Observable } from 'rxjs';
import { anything, channels } from '../../bus.js';
import type { Tunnel, TunnelsWritten, TunnelWrites, Uuid, Writer } from '../../store.js';
import { answerOfWrite } from '../answerOfWrite.js';
import { joinTunnelByKey, judgementOf, microseconds, sourceIsLive } from '../fragments.js';
import type { RunWrite } from '../runWrite.js';
import { writeStatement } from '../writeStatement.js';
import { compareTunnels } from '../compareTunnels.js';
import { compareUuids, uuidArray } from '../uuidArray.js';

/** Rows are locked in the order of the arrays, which are sorted. */
const addOnly = writeStatement(
  'tailnet_add_tunnels',
  (announce) => `
    WITH added AS (
      INSERT INTO tailnet_tunnels (coordinator_id, src_id, dst_id, updated_at)
      SELECT $1::uuid, item.src, item.dst, now()
      FROM unnest($2::uuid[], $3::uuid[]) AS item (src, dst)
      ON CONFLICT (coordinator_id, src_id, dst_id) DO UPDATE SET updated_at = excluded.updated_at
      RETURNING src_id, dst_id
    )
    SELECT ${microseconds('now()')} AS at, ${announce.sender} ${announce.tunnels('added')}`,
);

/**
 * Adds, removes and clears. `found` looks the rows up, `held` locks those that will change, in one order, so that no
 * two such statements of different coordinators can wait for each other; `added` and `removed` wait for it. (Those of one
 * coordinator are never about the same source, unless one has been given up and runs on.) Rows are deleted by their place
 * (`ctid`), because by their key the planner might read all tunnels of a hub.
 */
const allKinds = writeStatement(
  undefined,
  (announce) => `
    WITH found AS MATERIALIZED (
      SELECT hit.ctid AS place
      FROM unnest($2::uuid[] || $9::uuid[], $3::uuid[] || $10::uuid[]) AS item (src, dst)
      ${joinTunnelByKey('tunnel.ctid', '$1::uuid', 'item.src', 'item.dst')}
      UNION ALL
      SELECT hit.ctid
      FROM unnest($4::uuid[], $5::uuid[]) AS item (src, dst)
      CROSS JOIN tailnet_coordinators AS coordinator
      ${joinTunnelByKey('tunnel.ctid', 'coordinator.id', 'item.src', 'item.dst')}
      UNION ALL
      SELECT tunnel.ctid
      FROM unnest($6::uuid[]) AS cleared (src)
      JOIN tailnet_tunnels AS tunnel ON tunnel.src_id = cleared.src
    ), held AS MATERIALIZED (
      SELECT tunnel.ctid AS place, tunnel.src_id, tunnel.dst_id
      FROM tailnet_tunnels AS tunnel
      WHERE tunnel.ctid = ANY (ARRAY (SELECT place FROM found))
        AND (tunnel.coordinator_id = $1::uuid OR NOT ${sourceIsLive('tunnel', { expiry: '$7::float8', shifts: '$8::jsonb' })})
      ORDER BY tunnel.coordinator_id, tunnel.src_id, tunnel.dst_id
      FOR UPDATE OF tunnel
    ), removed AS (
      DELETE FROM tailnet_tunnels AS tunnel
      WHERE tunnel.ctid = ANY (ARRAY (
        SELECT held.place FROM held
        WHERE (held.src_id, held.dst_id) NOT IN (
          SELECT item.src, item.dst FROM unnest($2::uuid[], $3::uuid[]) AS item (src, dst)
        )
      ))
      RETURNING src_id, dst_id
    ), added AS (
      INSERT INTO tailnet_tunnels (coordinator_id, src_id, dst_id, updated_at)
      SELECT $1::uuid, item.src, item.dst, now()
      FROM unnest($2::uuid[], $3::uuid[]) AS item (src, dst)
      WHERE (SELECT count(*) FROM held) >= 0
      ON CONFLICT (coordinator_id, src_id, dst_id) DO UPDATE SET updated_at = excluded.updated_at
      RETURNING src_id, dst_id
    ), changed AS (
      SELECT src_id, dst_id FROM added UNION SELECT src_id, dst_id FROM removed
    )
    SELECT ${microseconds('now()')} AS at, ${announce.sender} ${announce.tunnels('changed')}`,
);

export function writeTunnels(run: RunWrite, writer: Writer, writes: TunnelWrites): Observable<TunnelsWritten> {
  const { add, remove, clear, removeOwn = [] } = writes;
  /** Which tunnels a source had nobody can say afterwards. */
  const inDoubt = () => [
    {
      channel: channels.tunnel,
      payloads: [
        ...[...add, ...remove, ...removeOwn].map(({ src, dst }) => `${src},${dst}`),
        ...(clear.length > 0 ? [anything] : []),
      ],
    },
  ];
  const added = [writer.coordinatorId, ...columns(add)];
  if (remove.length + clear.length + removeOwn.length === 0) return run(addOnly, added, answerOfWrite, inDoubt);
  const cleared = uuidArray([...clear].sort(compareUuids));
  const values = [...added, ...columns(remove), cleared, ...judgementOf(writer), ...columns(removeOwn)];
  return run(allKinds, values, answerOfWrite, inDoubt);
}

function columns(tunnels: readonly Tunnel[]): [src: string, dst: string] {
  const src: Uuid[] = [];
  const dst: Uuid[] = [];
  for (const tunnel of [...tunnels].sort(compareTunnels)) {
    src.push(tunnel.src);
    dst.push(tunnel.dst);
  }
  return [uuidArray(src), uuidArray(dst)];
}
