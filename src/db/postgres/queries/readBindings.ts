import type { Observable } from 'rxjs';
import { uuidAt } from '../../../proto/uuid.js';
import type { Binding, Microseconds, Uuid } from '../../store.js';
import type { Run, Statement } from '../runStatement.js';
import { uuidArray } from '../uuidArray.js';

/**
 * A row as PostgreSQL sends its columns in binary: `pg` reads everything as text and converts each column, which costs
 * more than all else that is done about it. The packing, in bytes, numbers big-endian: peer 16, coordinator 16,
 * microseconds from the start of 2000 to `updated_at` 8, status 1 (1 for ok), length of the node 4, node.
 */
const packed = `
      uuid_send(id) || uuid_send(coordinator_id) || timestamptz_send(updated_at)
        || CASE status WHEN 'ok' THEN '\\x01'::bytea ELSE '\\x00'::bytea END || int4send(length(node)) || node`;

/** What a quiet coordinator reads: it is the one that is waited for. The plan is made once: none is better for some id. */
const onePeer: Statement = {
  name: 'tailnet_read_bindings_of_one',
  text: `SELECT ${packed} AS packed FROM tailnet_peers WHERE id = $1::uuid`,
};

/**
 * All rows in one value, because `pg` makes an object of each; but for the large ones. A value is a text at first, and
 * one that is longer than texts may be ends the process.
 */
const manyPeers: Statement = {
  name: 'tailnet_read_bindings',
  text: `
    SELECT string_agg(${packed}, ''::bytea) AS packed
    FROM tailnet_peers
    WHERE id = ANY ($1::uuid[])
    GROUP BY CASE WHEN octet_length(node) > 8192 THEN ctid END`,
};

interface Row {
  readonly packed: Buffer;
}

export function readBindings(run: Run, peerIds: readonly Uuid[]): Observable<readonly Binding[]> {
  const [only] = peerIds;
  return only !== undefined && peerIds.length === 1
    ? run(onePeer, [only], bindingsOf)
    : run(manyPeers, [uuidArray(peerIds)], bindingsOf);
}

function bindingsOf(rows: readonly Row[]): readonly Binding[] {
  return rows.flatMap(({ packed }) => unpack(packed));
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
