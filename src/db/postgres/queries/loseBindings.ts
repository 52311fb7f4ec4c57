import type { Observable } from 'rxjs';
import type { Uuid } from '../../store.js';
import { onlyRow } from '../runStatement.js';
import type { RunWrite } from '../runWrite.js';
import { writeStatement } from '../writeStatement.js';

/**
 * `held` locks the rows in the order of all statements; `lost` waits for it, and finds the same. It does not join them:
 * of a coordinator that is new, statistics know no rows, and PostgreSQL would compare each with each.
 */
const statement = writeStatement(
  'tailnet_lose_bindings',
  (announce) => `
    WITH held AS MATERIALIZED (
      SELECT id FROM tailnet_peers
      WHERE coordinator_id = $1::uuid AND status = 'ok'
      ORDER BY id
      FOR UPDATE
    ), lost AS (
      UPDATE tailnet_peers SET status = 'lost', updated_at = now()
      WHERE coordinator_id = $1::uuid AND status = 'ok' AND (SELECT count(*) FROM held) >= 0
      RETURNING id
    )
    SELECT (SELECT count(*) FROM lost)::int AS count, ${announce.peers('lost')}`,
);

export function loseBindings(run: RunWrite, coordinatorId: Uuid): Observable<number> {
  return run<{ readonly count: number }, number>(statement, [coordinatorId], (rows) => onlyRow(rows).count);
}
