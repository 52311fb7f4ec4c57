import type { Observable } from 'rxjs';
import type { Uuid } from '../../store.js';
import { announcePeers } from '../fragments.js';
import { onlyRow, type Run, type Statement } from '../runStatement.js';

const statement: Statement = {
  name: 'tailnet_lose_bindings',
  text: `
    WITH held AS MATERIALIZED (
      SELECT id FROM tailnet_peers
      WHERE coordinator_id = $1::uuid AND status = 'ok'
      ORDER BY id
      FOR UPDATE
    ), lost AS (
      UPDATE tailnet_peers AS peer SET status = 'lost', updated_at = now()
      FROM held
      WHERE peer.id = held.id AND peer.coordinator_id = $1::uuid
      RETURNING peer.id
    )
    SELECT ${announcePeers('lost')} AS count`,
};

export function loseBindings(run: Run, coordinatorId: Uuid): Observable<number> {
  return run<{ readonly count: number }, number>(statement, [coordinatorId], (rows) => onlyRow(rows).count);
}
