import type { Observable } from 'rxjs';
import { uuidAt } from '../../../proto/uuid.js';
import type { Tunnel, Uuid } from '../../store.js';
import { allPacked } from '../packing.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';

/** In bytes: source 16, destination 16. */
const packed = 'uuid_send(src_id) || uuid_send(dst_id)';
const packedLength = 32;

const page = (condition: string): string => `
    SELECT ${allPacked(packed, 'ORDER BY src_id, dst_id')}
    FROM (
      SELECT src_id, dst_id
      FROM tailnet_tunnels
      WHERE coordinator_id = $1::uuid ${condition}
      ORDER BY src_id, dst_id
      LIMIT $2::int
    ) AS tunnel`;

const firstPage: Statement = { name: 'tailnet_first_own_tunnels', text: page('') };
const nextPage: Statement = {
  name: 'tailnet_next_own_tunnels',
  text: page('AND (src_id, dst_id) > ($3::uuid, $4::uuid)'),
};

interface Row {
  /** null without any */
  readonly packed: Buffer | null;
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

function tunnelsOf(rows: readonly Row[]): readonly Tunnel[] {
  const { packed } = onlyRow(rows);
  const tunnels: Tunnel[] = [];
  if (packed === null) return tunnels;
  for (let start = 0; start < packed.length; start += packedLength) {
    tunnels.push({ src: uuidAt(packed, start), dst: uuidAt(packed, start + 16) });
  }
  return tunnels;
}
