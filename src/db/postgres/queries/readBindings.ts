import type { Observable } from 'rxjs';
import { uuidAt } from '../../../proto/uuid.js';
import type { Binding, Microseconds, Uuid } from '../../store.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';
import { uuidArray } from '../uuidArray.js';

/**
 * All rows in one value, packed as PostgreSQL sends such columns in binary: `pg` reads everything as text and makes an
 * object of each row, which costs more than all else that is done about it. The packing, in bytes, numbers big-endian:
 * peer 16, coordinator 16, microseconds from the start of 2000 to `updated_at` 8, status 1 (1 for ok), length of the node 4, node.
 */
const statement: Statement = {
  name: 'tailnet_read_bindings',
  text: `
    SELECT string_agg(
      uuid_send(id) || uuid_send(coordinator_id) || timestamptz_send(updated_at)
        || CASE status WHEN 'ok' THEN '\\x01'::bytea ELSE '\\x00'::bytea END || int4send(length(node)) || node,
      ''::bytea
    ) AS packed
    FROM tailnet_peers
    WHERE id = ANY ($1::uuid[])`,
};

interface Row {
  /** null without any binding */
  readonly packed: Buffer | null;
}

export function readBindings(run: Run, peerIds: readonly Uuid[]): Observable<readonly Binding[]> {
  return run<Row, readonly Binding[]>(statement, [uuidArray(peerIds)], (rows) => {
    const { packed } = onlyRow(rows);
    return packed === null ? [] : unpack(packed);
  });
}

const headerLength = 45;

/** Microseconds since the epoch; PostgreSQL counts from there. */
const year2000: Microseconds = Date.UTC(2000) * 1000;

function unpack(packed: Buffer): readonly Binding[] {
  const bindings: Binding[] = [];
  for (let start = 0; start < packed.length;) {
    const nodeStart = start + headerLength;
    const end = nodeStart + packed.readInt32BE(start + 41);
    bindings.push({
      peerId: uuidAt(packed, start),
      coordinatorId: uuidAt(packed, start + 16),
      updatedAt: year2000 + packed.readInt32BE(start + 32) * 2 ** 32 + packed.readUInt32BE(start + 36),
      status: packed[start + 40] === 1 ? 'ok' : 'lost',
      node: packed.subarray(nodeStart, end),
    });
    start = end;
  }
  return bindings;
}
