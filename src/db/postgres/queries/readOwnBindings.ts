import type { Observable } from 'rxjs';
import { uuidAt } from '../../../proto/uuid.js';
import type { OwnBinding, Uuid } from '../../store.js';
import { allPacked, packedStatus, packedTime, statusAt, timeAt } from '../packing.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';

/** In bytes: peer 16, `updated_at` 8, status 1. */
const packed = `uuid_send(id) || ${packedTime('updated_at')} || ${packedStatus('status')}`;
const packedLength = 25;

/**
 * All of them: a page of a few would go through all of them, too. No index has the peers of one coordinator in an order,
 * and with one that has all peers in theirs, those of other coordinators would be read.
 */
const statement: Statement = {
  name: 'tailnet_own_bindings',
  text: `SELECT ${allPacked(packed)} FROM tailnet_peers WHERE coordinator_id = $1::uuid`,
};

interface Row {
  /** null without any */
  readonly packed: Buffer | null;
}

export function readOwnBindings(run: Run, coordinatorId: Uuid): Observable<Iterable<OwnBinding>> {
  return run(statement, [coordinatorId], (rows: readonly Row[]) => {
    const { packed } = onlyRow(rows);
    return packed === null ? [] : unpack(packed);
  });
}

function* unpack(packed: Buffer): Generator<OwnBinding> {
  for (let start = 0; start < packed.length; start += packedLength) {
    yield {
      peerId: uuidAt(packed, start),
      updatedAt: timeAt(packed, start + 16),
      status: statusAt(packed, start + 24),
    };
  }
}
