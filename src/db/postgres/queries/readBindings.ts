import type { Observable } from 'rxjs';
import { uuidAt } from '../../../proto/uuid.js';
import type { Binding, Uuid } from '../../store.js';
import { allPacked, packedStatus, packedTime, statusAt, timeAt } from '../packing.js';
import type { Run, Statement } from '../runStatement.js';
import { uuidArray } from '../uuidArray.js';

/** In bytes: peer 16, coordinator 16, `updated_at` 8, status 1, length of the node 4, node. */
const packed = `
      uuid_send(id) || uuid_send(coordinator_id) || ${packedTime('updated_at')} || ${packedStatus('status')}
        || int4send(length(node)) || node`;

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
    SELECT ${allPacked(packed)}
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

function unpack(packed: Buffer): readonly Binding[] {
  const bindings: Binding[] = [];
  for (let start = 0; start < packed.length;) {
    const nodeStart = start + headerLength;
    const end = nodeStart + packed.readInt32BE(start + 41);
    bindings.push({
      peerId: uuidAt(packed, start),
      coordinatorId: uuidAt(packed, start + 16),
      updatedAt: timeAt(packed, start + 32),
      status: statusAt(packed, start + 40),
      node: packed.subarray(nodeStart, end),
    });
    start = end;
  }
  return bindings;
}
