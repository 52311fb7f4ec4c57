import type { Observable } from 'rxjs';
import type { Uuid } from '../../store.js';
import { onlyRow } from '../runStatement.js';
import type { RunWrite } from '../runWrite.js';
import { writeStatement } from '../writeStatement.js';

const statement = writeStatement(
  'tailnet_lose_bindings',
  (announce) => `
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
    SELECT (SELECT count(*) FROM lost)::int AS count, ${announce.peers('lost')}`,
);

export function loseBindings(run: RunWrite, coordinatorId: Uuid): Observable<number> {
  return run<{ readonly count: number }, number>(statement, [coordinatorId], (rows) => onlyRow(rows).count);
}
