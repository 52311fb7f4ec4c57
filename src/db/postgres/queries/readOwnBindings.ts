import type { Observable } from 'rxjs';
import { uuidAt } from '../../../proto/uuid.js';
import type { Binding, Uuid } from '../../store.js';
import { allPacked, packedStatus, packedTime, statusAt, timeAt } from '../packing.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';

/** In bytes: peer 16, `updated_at` 8, status 1. */
const packed = `uuid_send(id) || ${packedTime('updated_at')} || ${packedStatus('status')}`;
const packedLength = 25;

const page = (condition: string): string => `
    SELECT ${allPacked(packed, 'ORDER BY id')}
    FROM (
      SELECT id, updated_at, status
      FROM tailnet_peers
      WHERE coordinator_id = $1::uuid ${condition}
      ORDER BY id
      LIMIT $2::int
    ) AS binding`;

const firstPage: Statement = { name: 'tailnet_first_own_bindings', text: page('') };
const nextPage: Statement = { name: 'tailnet_next_own_bindings', text: page('AND id > $3::uuid') };

interface Row {
  /** null without any */
  readonly packed: Buffer | null;
}

export function readOwnBindings(
  run: Run,
  coordinatorId: Uuid,
  after: Uuid | undefined,
  limit: number,
): Observable<readonly Omit<Binding, 'node'>[]> {
  const bindingsOf = (rows: readonly Row[]) => unpack(onlyRow(rows).packed, coordinatorId);
  return after === undefined
    ? run(firstPage, [coordinatorId, limit], bindingsOf)
    : run(nextPage, [coordinatorId, limit, after], bindingsOf);
}

function unpack(packed: Buffer | null, coordinatorId: Uuid): readonly Omit<Binding, 'node'>[] {
  const bindings: Omit<Binding, 'node'>[] = [];
  if (packed === null) return bindings;
  for (let start = 0; start < packed.length; start += packedLength) {
    bindings.push({
      peerId: uuidAt(packed, start),
      coordinatorId,
      updatedAt: timeAt(packed, start + 16),
      status: statusAt(packed, start + 24),
    });
  }
  return bindings;
}
