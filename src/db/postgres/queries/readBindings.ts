import { map, type Observable } from 'rxjs';
import type { Binding, Microseconds, Uuid } from '../../store.js';
import { microseconds } from '../fragments.js';
import type { Run, Statement } from '../runStatement.js';
import { uuidArray } from '../uuidArray.js';

const statement: Statement = {
  name: 'tailnet_read_bindings',
  text: `
    SELECT id, coordinator_id, ${microseconds('updated_at')} AS updated_at, node, status
    FROM tailnet_peers
    WHERE id = ANY ($1::uuid[])`,
};

interface Row {
  readonly id: Uuid;
  readonly coordinator_id: Uuid;
  readonly updated_at: Microseconds;
  readonly node: Buffer;
  readonly status: 'ok' | 'lost';
}

export function readBindings(run: Run, peerIds: readonly Uuid[]): Observable<readonly Binding[]> {
  return run<Row>(statement, [uuidArray(peerIds)]).pipe(
    map((rows) =>
      rows.map((row) => ({
        peerId: row.id,
        coordinatorId: row.coordinator_id,
        updatedAt: row.updated_at,
        node: ownBytes(row.node),
        status: row.status,
      })),
    ),
  );
}

/** Nodes are kept for long. One that is a view on a larger chunk would keep all of that. */
function ownBytes(buffer: Buffer): Uint8Array {
  return buffer.byteLength === buffer.buffer.byteLength ? buffer : new Uint8Array(buffer);
}
