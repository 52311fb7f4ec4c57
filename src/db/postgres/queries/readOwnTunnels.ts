import type { Observable } from 'rxjs';
import type { Tunnel, Uuid } from '../../store.js';
import type { Run, Statement } from '../runStatement.js';

const page = (condition: string): string => `
    SELECT src_id, dst_id
    FROM tailnet_tunnels
    WHERE coordinator_id = $1::uuid ${condition}
    ORDER BY src_id, dst_id
    LIMIT $2::int`;

const firstPage: Statement = { name: 'tailnet_first_own_tunnels', text: page('') };
const nextPage: Statement = {
  name: 'tailnet_next_own_tunnels',
  text: page('AND (src_id, dst_id) > ($3::uuid, $4::uuid)'),
};

interface Row {
  readonly src_id: Uuid;
  readonly dst_id: Uuid;
}

export function readOwnTunnels(
  run: Run,
  coordinatorId: Uuid,
  after: Tunnel | undefined,
  limit: number,
): Observable<readonly Tunnel[]> {
  return after === undefined
    ? run(firstPage, [coordinatorId, limit], tunnelsOf)
    : run(nextPage, [coordinatorId, limit, after.src, after.dst], tunnelsOf);
}

const tunnelsOf = (rows: readonly Row[]): readonly Tunnel[] =>
  rows.map((row) => ({ src: row.src_id, dst: row.dst_id }));
